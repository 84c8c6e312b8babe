import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { haltFile } from '../../src/store/haltFile.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'legwork-halt-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the halt file', () => {
  test('is read by its first line, whoever wrote it', async () => {
    const file = haltFile(folder)
    const before = await file.read()
    await file.write('the oracle is wrong')
    const written = await file.read()
    writeFileSync(join(folder, 'HALT'), '  by hand \r\nand more\n')

    const byHand = await file.read()

    expect([before, written, byHand]).toEqual([null, 'the oracle is wrong', 'by hand'])
  })

  test('counts where it has no reason, or cannot be read at all', async () => {
    writeFileSync(join(folder, 'HALT'), '')
    const empty = await haltFile(folder).read()
    rmSync(join(folder, 'HALT'))
    mkdirSync(join(folder, 'HALT'))

    const unreadable = await haltFile(folder).read()

    expect([empty, unreadable]).toEqual(['', ''])
  })

  test('is gone once it is removed, and may be removed again', async () => {
    const file = haltFile(folder)
    await file.write('a')

    await file.remove()
    await file.remove()

    expect(existsSync(join(folder, 'HALT'))).toBe(false)
  })

  test('is an error where it can neither be written nor removed', async () => {
    const nowhere = haltFile(join(folder, 'none'))
    mkdirSync(join(folder, 'HALT'))

    await expect(nowhere.write('a')).rejects.toMatchObject({ code: 'STORE' })
    await expect(haltFile(folder).remove()).rejects.toMatchObject({ code: 'STORE' })
  })
})
