import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { createBrowserReceiver } from '@statelyai/inspect'
import { expect, test } from 'vitest'
import { inspectorPage, inspectorPolicy } from '../../src/monitor/inspectorPage.ts'

/** As much of a browser's element as the page uses. */
class FakeElement {
  textContent = ''
  className = ''
  style: Record<string, string> = {}
  children: FakeElement[] = []
  parentNode: FakeElement | null = null
  onclick = () => {}

  append(child: FakeElement) {
    child.parentNode = this
    this.children.push(child)
  }

  after(next: FakeElement) {
    next.parentNode = this.parentNode
    this.parentNode?.children.splice(this.parentNode.children.indexOf(this) + 1, 0, next)
  }

  remove() {
    this.parentNode?.children.splice(this.parentNode.children.indexOf(this), 1)
    this.parentNode = null
  }
}

interface FakeSocket {
  url: string
  onopen(): void
  onmessage(message: { data: string }): void
  onclose(): void
}

/** The page's script running in a made-up window, with its socket and its pop-up in the test's hands. */
function openPage() {
  const elements = new Map<string, FakeElement>()
  const sockets: FakeSocket[] = []
  const timers: (() => void)[] = []
  const opened: string[] = []
  const popup: { listeners: ((message: object) => void)[]; postMessage(data: unknown, origin: string): void } = {
    listeners: [],
    postMessage: (data, origin) => {
      if (origin === 'https://stately.ai') for (const listen of popup.listeners) listen({ data })
    },
  }
  const listeners: ((message: object) => void)[] = []
  const element = (id: string) => {
    const known = elements.get(id) ?? new FakeElement()
    elements.set(id, known)
    return known
  }
  const script = inspectorPage.split('<script>')[1]?.split('</script>')[0] ?? ''
  runInNewContext(script, {
    document: { getElementById: element, createElement: () => new FakeElement() },
    location: { host: '127.0.0.1:8080' },
    WebSocket: function (this: FakeSocket, url: string) {
      this.url = url
      sockets.push(this)
    },
    setTimeout: (run: () => void) => timers.push(run),
    open: (url: string) => {
      opened.push(url)
      return popup
    },
    addEventListener: (_: string, listen: (message: object) => void) => listeners.push(listen),
  })
  const socket = () => {
    const newest = sockets.at(-1)
    if (newest === undefined) throw new Error('The page opened no socket.')
    return newest
  }
  const receive = (...frames: object[]) => {
    for (const frame of frames) socket().onmessage({ data: JSON.stringify(frame) })
  }
  const rows = () => element('actors').children.map((row) => row.children.map((cell) => cell.textContent).join(' | '))
  const post = (message: object) => {
    for (const listen of listeners) listen(message)
  }
  return { element, sockets, socket, timers, receive, rows, popup, post, opened }
}

const actor = (sessionId: string, more: object = {}) => ({
  type: '@xstate.actor',
  sessionId,
  name: 'leg',
  snapshot: { status: 'active', value: 'preparing' },
  _version: '0.7.2',
  ...more,
})
const snapshot = (sessionId: string, value: unknown, status = 'active') => ({
  type: '@xstate.snapshot',
  sessionId,
  snapshot: { status, value },
  event: { type: 'x' },
  _version: '0.7.2',
})

test('the policy allows exactly the script and the style of the page', () => {
  const hashOf = (tag: string) => {
    const text = inspectorPage.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0] ?? ''
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }

  expect(inspectorPolicy(1)).toContain(`script-src ${hashOf('script')};`)
  expect(inspectorPolicy(1)).toContain(`style-src ${hashOf('style')};`)
})

test('the page lists actors under their parents, with state and last event', () => {
  const page = openPage()

  page.socket().onopen()
  page.receive(
    actor('trade-1', { name: 'trade' }),
    actor('trade-2', { name: 'trade' }),
    actor('leg-1', { parentId: 'trade-1' }),
    { type: '@xstate.event', sessionId: 'leg-1', event: { type: 'leg.sent' } },
    snapshot('leg-1', { submitted: 'pending' }),
  )

  expect(page.socket().url).toBe('ws://127.0.0.1:8080')
  expect(page.rows()).toEqual([
    'trade  trade-1 | preparing | ',
    'leg  leg-1 | submitted.pending | leg.sent',
    'trade  trade-2 | preparing | ',
  ])
  expect(page.element('link').textContent).toBe('3 actors')
})

test('a chosen actor shows its snapshot, and goes on showing the latest', () => {
  const page = openPage()
  page.receive(actor('leg-1'))

  page.element('actors').children[0]?.onclick()
  page.receive(snapshot('leg-1', 'done', 'done'))

  expect(JSON.parse(page.element('detail').textContent)).toEqual({ status: 'done', value: 'done' })
  expect(page.element('actors').children[0]?.className).toBe('row done ended chosen')
})

test('only the last fifty ended actors stay', () => {
  const page = openPage()

  page.receive(actor('running'))
  for (let n = 0; n < 80; n += 1) page.receive(actor(`leg-${n}`), snapshot(`leg-${n}`, 'done', 'done'))

  expect(page.rows()).toHaveLength(51)
  expect(page.rows()[0]).toContain('running')
  expect(page.rows()[1]).toContain('leg-30')
})

test('a lost connection is opened again, and the list starts afresh', () => {
  const page = openPage()
  page.receive(actor('leg-1'))

  page.socket().onclose()
  page.timers.shift()?.()
  page.socket().onopen()
  page.receive(actor('leg-2'))

  expect(page.sockets).toHaveLength(2)
  expect(page.rows()).toEqual(['leg  leg-2 | preparing | '])
})

test('Stately’s own receiver in the pop-up gets the actors so far, then every frame', () => {
  const page = openPage()
  page.receive(actor('leg-1'), snapshot('leg-1', 'submitted'))
  const got: object[] = []

  page.element('stately').onclick()
  const postMessage = (data: unknown) => page.post({ data, source: page.popup, origin: 'https://stately.ai' })
  const addEventListener = (_: string, listen: (message: object) => void) => page.popup.listeners.push(listen)
  const popupWindow = { opener: { postMessage }, addEventListener }
  Object.assign(popupWindow, { self: popupWindow, top: popupWindow })
  addEventListener('message', ({ data }: { data?: object }) => data && got.push(data))
  createBrowserReceiver({ window: popupWindow })
  page.receive(snapshot('leg-1', 'done'))

  expect(page.opened).toEqual(['https://stately.ai/inspect'])
  expect(got).toMatchObject([
    { type: '@xstate.actor', snapshot: { value: 'submitted' } },
    { type: '@xstate.snapshot', snapshot: { value: 'done' } },
  ])
})

test.each([{ origin: 'https://evil.example' }, { source: {} }])(
  'nothing is handed to a window that is not Stately’s pop-up: %j',
  (changes) => {
    const page = openPage()
    const got: object[] = []
    page.popup.listeners.push((message) => got.push(message))
    page.element('stately').onclick()

    const greeting = { data: { type: '@statelyai.connected' }, source: page.popup, origin: 'https://stately.ai' }
    page.post({ ...greeting, ...changes })
    page.receive(actor('leg-1'))

    expect(got).toEqual([])
  },
)
