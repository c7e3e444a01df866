/**
 * Writes src/sketch/merge-registers.wat and .wasm: the merge of UltraLogLog registers, sixteen at a time.
 * No WebAssembly compiler is needed; this assembles exactly this module, as text and as bytes.
 *
 *     node scripts/generate-merge-module.ts [--check]     (--check writes nothing; exit code 1 if it would)
 *
 * Binary format, opcodes and text: https://webassembly.github.io/spec/core/
 */
import { readFile, writeFile } from 'node:fs/promises'

const TARGET = new URL('../src/sketch/', import.meta.url)

/** An instruction in both forms. */
interface Instruction {
  readonly text: string
  readonly bytes: readonly number[]
}

// Sections, in the order in which a module has them.
const TYPE_SECTION = 1
const FUNCTION_SECTION = 3
const MEMORY_SECTION = 5
const EXPORT_SECTION = 7
const CODE_SECTION = 10

const FUNCTION_TYPE = 0x60
const I32 = 0x7f
const V128 = 0x7b
const EXPORTED_FUNCTION = 0
const EXPORTED_MEMORY = 2
const NO_MAXIMUM = 0
const EMPTY_BLOCK = 0x40
const SIMD_PREFIX = 0xfd

const BYTES_AT_ONCE = 16
// Addresses of registers are multiples of 16; the alignment is given as a power of two.
const ALIGNMENT_LOG2 = 4

const PARAMETERS = ['target', 'source', 'end'] as const
const LOCALS = ['old', 'incoming', 'high', 'low'] as const
type Variable = (typeof PARAMETERS)[number] | (typeof LOCALS)[number]

/**
 * What the lower register adds to the higher one, by 4 x distance of their largest update values (3 stands for
 * more) + the lower one's two seen-bits: (4 | bits) >> distance, and at distance 0 the bits themselves.
 */
const ADDED_BITS = Array.from({ length: 16 }, (_, index) => {
  const distance = index >>> 2
  const seen = index & 0b11
  return distance === 0 ? seen : (0b100 | seen) >>> distance
})

const plain = (text: string, ...bytes: number[]): Instruction => ({ text, bytes })
const simd = (text: string, ...bytes: number[]): Instruction => plain(text, SIMD_PREFIX, ...bytes)
const variable = (name: Variable): number => [...PARAMETERS, ...LOCALS].indexOf(name)
const get = (name: Variable): Instruction => plain(`local.get $${name}`, 0x20, variable(name))
const set = (name: Variable): Instruction => plain(`local.set $${name}`, 0x21, variable(name))
const tee = (name: Variable): Instruction => plain(`local.tee $${name}`, 0x22, variable(name))
/** One byte holds the numbers from -64 to 63; no larger one is needed. */
const i32Const = (value: number): Instruction => plain(`i32.const ${value}`, 0x41, value)
const i32Add = plain('i32.add', 0x6a)
const i32LessThan = plain('i32.lt_u', 0x49)
const load = simd(`v128.load align=${BYTES_AT_ONCE}`, 0x00, ALIGNMENT_LOG2, 0)
const store = simd(`v128.store align=${BYTES_AT_ONCE}`, 0x0b, ALIGNMENT_LOG2, 0)
const v128Const = (values: readonly number[]): Instruction =>
  simd(`v128.const i8x16 ${values.join(' ')}`, 0x0c, ...values)
const swizzle = simd('i8x16.swizzle', 0x0e)
const splat = simd('i8x16.splat', 0x0f)
const and = simd('v128.and', 0x4e)
const or = simd('v128.or', 0x50)
const shiftLeft = simd('i8x16.shl', 0x6b)
const shiftRight = simd('i8x16.shr_u', 0x6d)
const add = simd('i8x16.add', 0x6e)
const subtract = simd('i8x16.sub', 0x71)
const minimum = simd('i8x16.min_u', 0x77)
const maximum = simd('i8x16.max_u', 0x79)

/** The address on the stack, 16 registers further, in the variable as well. */
const advance = (name: Variable, keep: typeof set): readonly Instruction[] => [
  get(name),
  i32Const(BYTES_AT_ONCE),
  i32Add,
  keep(name),
]

/** Once per 16 registers. An empty register (0) is further from any other than 2, so it adds nothing. */
const LOOP: readonly Instruction[] = [
  [get('target')],
  [get('target'), load, tee('old'), get('source'), load, tee('incoming'), maximum, tee('high')],
  [v128Const(ADDED_BITS)],
  [get('high'), i32Const(2), shiftRight],
  [get('old'), get('incoming'), minimum, tee('low'), i32Const(2), shiftRight],
  [subtract, i32Const(3), splat, minimum, i32Const(2), shiftLeft],
  [get('low'), i32Const(3), splat, and, add],
  [swizzle, or, store],
  advance('source', set),
  advance('target', tee),
  [get('end'), i32LessThan, plain('br_if $next', 0x0d, 0)],
].flat()

const sized = (content: readonly number[]): number[] => {
  if (content.length > 0x3fff) throw new RangeError(`${content.length} bytes need a longer length`)
  const low = content.length & 0x7f
  return content.length < 0x80 ? [low, ...content] : [low | 0x80, content.length >>> 7, ...content]
}
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)]
const named = (name: string): number[] => sized([...Buffer.from(name)])

function moduleBytes(): Uint8Array {
  const signature = [FUNCTION_TYPE, ...sized(PARAMETERS.map(() => I32)), 0]
  const locals = [1, LOCALS.length, V128]
  const loop = [0x03, EMPTY_BLOCK, ...LOOP.flatMap(({ bytes }) => bytes), 0x0b]
  const body = sized([...locals, ...loop, 0x0b])
  const memory = [...named('memory'), EXPORTED_MEMORY, 0]
  const merge = [...named('merge'), EXPORTED_FUNCTION, 0]
  return Uint8Array.from([
    ...Buffer.from('\0asm\x01\0\0\0'),
    ...section(TYPE_SECTION, [1, ...signature]),
    ...section(FUNCTION_SECTION, [1, 0]),
    ...section(MEMORY_SECTION, [1, NO_MAXIMUM, 1]),
    ...section(EXPORT_SECTION, [2, ...memory, ...merge]),
    ...section(CODE_SECTION, [1, ...body]),
  ])
}

function moduleText(): string {
  const parameters = PARAMETERS.map((name) => `(param $${name} i32)`).join(' ')
  const locals = LOCALS.map((name) => `(local $${name} v128)`).join(' ')
  return [
    ';; Written by scripts/generate-merge-module.ts, with the bytes in merge-registers.wasm.',
    ';; Merges the registers from $source into those from $target up to $end, 16 at a time, at least once.',
    '(module',
    '  (memory (export "memory") 1)',
    `  (func (export "merge") ${parameters}`,
    `    ${locals}`,
    '    loop $next',
    ...LOOP.map(({ text }) => `      ${text}`),
    '    end))',
    '',
  ].join('\n')
}

async function main(): Promise<number> {
  const files = [
    { name: 'merge-registers.wasm', content: Buffer.from(moduleBytes()) },
    { name: 'merge-registers.wat', content: Buffer.from(moduleText()) },
  ]
  let stale = 0
  for (const { name, content } of files) {
    const file = new URL(name, TARGET)
    if (!process.argv.includes('--check')) {
      await writeFile(file, content)
    } else if (!content.equals(await readFile(file).catch(() => Buffer.alloc(0)))) {
      console.error(`src/sketch/${name} is stale; run node scripts/generate-merge-module.ts`)
      stale += 1
    }
  }
  return stale === 0 ? 0 : 1
}

process.exitCode = await main()
