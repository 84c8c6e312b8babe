import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactUrl, scrub, scrubText } from '../../src/monitor/scrub.ts'

test.each([
  ['https://user:pw@one.example/v3/KEY?x=y', 'https://one.example/…'],
  ['https://one.example:8545/?key=KEY', 'https://one.example:8545/…'],
  ['https://KEY@one.example', 'https://one.example/…'],
  ['https://one.example/#KEY', 'https://one.example/…'],
  ['http://127.0.0.1:8545', 'http://127.0.0.1:8545'],
  ['http://127.0.0.1:8545/', 'http://127.0.0.1:8545'],
  ['KEY', '[not a URL]'],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown)
})

test('every URL in a text is cut to its server', () => {
  const shown = scrubText('{"a":"https://one.example/KEY","b":\'ws://two.example/KEY\'} (http://three.example/KEY)')

  expect(shown).toBe('{"a":"https://one.example/…","b":\'ws://two.example/…\'} (http://three.example/…)')
})

test('a hash stays whole, while anything longer is shortened', () => {
  const hash = `0x${'a'.repeat(64)}`

  expect(scrub({ hash, raw: `${hash}b` })).toEqual({ hash, raw: '0xaaaaaaaa… (33 bytes)' })
})

test('what JSON cannot hold becomes what it can, and functions vanish', () => {
  const value = { big: 2n ** 80n, at: new Date(0), gone: undefined, call: () => {}, list: [() => {}, undefined] }

  expect(scrub(value)).toEqual({
    big: '1208925819614629174706176',
    at: '1970-01-01T00:00:00.000Z',
    list: [null, null],
  })
})

test('plain data of ordinary size is unchanged', () => {
  const plain = { id: 't1', nonce: 7, ok: true, none: null, passwordEnv: 'NAME', legs: [{ amount: '150' }] }

  expect(scrub(plain)).toEqual(plain)
})

test('whatever goes in, the result is JSON, bounded, without the secret', () => {
  const secret = 'hunter2-hunter2'
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })

  fc.assert(
    fc.property(anything, (value) => {
      const text = JSON.stringify(scrub({ value, inner: [{ 'private-key': secret }] }))
      expect(text).not.toContain(secret)
      expect(JSON.stringify(JSON.parse(text))).toBe(text)
    }),
  )
})
