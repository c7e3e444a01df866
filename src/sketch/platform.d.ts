/** What the Worker's types do not know of the platform: the part of node:zlib that is used, and modules of WebAssembly. */
declare module 'node:zlib' {
  export const constants: { readonly Z_HUFFMAN_ONLY: number }
  export function deflateRawSync(data: Uint8Array, options: { strategy: number }): Uint8Array
  export function inflateRawSync(
    data: Uint8Array,
    options: { maxOutputLength: number; info: true },
  ): { buffer: Uint8Array; engine: { bytesWritten: number } }
}

declare module '*.wasm' {
  const compiled: WebAssembly.Module
  export default compiled
}
