import { createHash } from 'node:crypto'

const style = `
:root { color-scheme: light dark; --line: #8883; --soft: #888; --ok: #1a9f5a; --bad: #d64545; --wait: #c98a10; --go: #3b78e7 }
* { box-sizing: border-box }
body { margin: 0; font: 14px/1.5 system-ui, sans-serif; display: grid; grid-template: auto 1fr / 3fr 2fr; height: 100vh }
header { grid-column: 1 / -1; display: flex; align-items: center; gap: 12px; padding: 10px 16px; border-bottom: 1px solid var(--line) }
h1 { font-size: 15px; margin: 0 }
#link { color: var(--soft); flex: 1 }
#link.on::before { content: '● '; color: var(--ok) }
#link.off::before { content: '● '; color: var(--bad) }
button { font: inherit; padding: 3px 12px; border: 1px solid var(--line); border-radius: 6px; background: none; color: inherit; cursor: pointer }
main { overflow: auto; padding: 8px 16px }
pre { overflow: auto; margin: 0; padding: 12px 16px; border-left: 1px solid var(--line); font: 12px/1.5 ui-monospace, monospace }
.row { display: flex; gap: 12px; padding: 5px 8px; border-bottom: 1px solid var(--line); cursor: pointer; border-radius: 4px }
.row:hover, .row.chosen { background: #8881 }
.row.ended { opacity: .55 }
.name { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.state { color: var(--go); font-weight: 600 }
.done .state { color: var(--ok) }
.failed .state { color: var(--bad) }
.retrying .state { color: var(--wait) }
.event { color: var(--soft); width: 14em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: right }
`

// Text from the actors goes into the page as text content only, never as markup.
const script = `
'use strict'
const endedMax = 50
const stately = 'https://stately.ai'
const actors = new Map()
const at = (id) => document.getElementById(id)
let chosen = null
let popup = null
let forwarding = false

const path = (value) => typeof value === 'string' ? value : Object.entries(value || {})
  .map(([outer, inner]) => path(inner) ? outer + '.' + path(inner) : outer).join(' | ')

function cell(row, name) {
  const span = document.createElement('span')
  span.className = name
  row.append(span)
  return span
}

function introduce(frame) {
  const row = actors.get(frame.sessionId)?.row || document.createElement('div')
  row.textContent = ''
  const depth = (actors.get(frame.parentId)?.depth ?? -1) + 1
  const actor = { frame, row, depth, name: cell(row, 'name'), state: cell(row, 'state'), event: cell(row, 'event') }
  actor.name.style.paddingLeft = depth * 20 + 'px'
  actor.name.textContent = frame.name === frame.sessionId ? frame.name : frame.name + '  ' + frame.sessionId
  row.onclick = () => { chosen = frame.sessionId; for (const one of actors.values()) show(one) }
  const parent = actors.get(frame.parentId)
  if (!row.parentNode) parent ? parent.row.after(row) : at('actors').append(row)
  actors.set(frame.sessionId, actor)
  show(actor)
}

function show(actor) {
  const { snapshot, sessionId } = actor.frame
  const state = path(snapshot?.value) || snapshot?.status || ''
  const ended = snapshot?.status && snapshot.status !== 'active'
  actor.ended = ended
  actor.state.textContent = state
  actor.row.className = ['row', state.split('.')[0], ended && 'ended', sessionId === chosen && 'chosen'].filter(Boolean).join(' ')
  if (sessionId === chosen) at('detail').textContent = JSON.stringify(snapshot, null, 2)
}

function forget() {
  const ended = [...actors.values()].filter((actor) => actor.ended)
  for (const { frame, row } of ended.slice(0, Math.max(0, ended.length - endedMax))) {
    row.remove()
    actors.delete(frame.sessionId)
  }
}

function receive(frame) {
  const actor = actors.get(frame.sessionId)
  if (frame.type === '@xstate.actor') introduce(frame)
  if (frame.type === '@xstate.event' && actor) actor.event.textContent = frame.event.type
  if (frame.type === '@xstate.snapshot' && actor) { actor.frame = { ...actor.frame, snapshot: frame.snapshot }; show(actor) }
  if (forwarding) popup.postMessage(frame, stately)
  forget()
  at('link').textContent = actors.size + ' actors'
}

function connect() {
  const socket = new WebSocket('ws://' + location.host)
  socket.onopen = () => {
    for (const { row } of actors.values()) row.remove()
    actors.clear()
    at('link').className = 'on'
    at('link').textContent = 'no actors yet'
  }
  socket.onmessage = ({ data }) => receive(JSON.parse(data))
  socket.onclose = () => {
    at('link').className = 'off'
    at('link').textContent = 'not connected, trying again'
    setTimeout(connect, 1000)
  }
}

at('stately').onclick = () => { forwarding = false; popup = open(stately + '/inspect', 'xstateinspector') }
addEventListener('message', ({ data, source, origin }) => {
  if (origin !== stately || source !== popup || data?.type !== '@statelyai.connected') return
  forwarding = true
  for (const { frame } of actors.values()) popup.postMessage(frame, stately)
})
connect()
`

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/**
 * The content security policy of the page: its own script and style, and frames from its own port. Nothing from outside
 * is ever loaded.
 */
export function inspectorPolicy(port: number): string {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    `connect-src ws://127.0.0.1:${port} ws://localhost:${port}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** One self-contained page: a live list of actors with their states, and a button that shows them in Stately's inspector. */
export const inspectorPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Legwork inspector</title><style>${style}</style></head>
<body>
<header><h1>Legwork inspector</h1><span id="link" class="off">connecting</span>
<button id="stately" title="Opens stately.ai in a new window and shows it the actors. Needs the internet.">Open in Stately</button></header>
<main id="actors"></main>
<pre id="detail">Choose an actor to see its snapshot.</pre>
<script>${script}</script>
</body>
</html>
`
