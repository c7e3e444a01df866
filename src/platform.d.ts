/** What the Worker's types do not know of the platform: the parts of Node that are used, and modules of WebAssembly. */
declare module 'node:crypto' {
  interface Hash {
    update(data: Uint8Array | string): Hash
    digest(encoding: 'hex'): string
  }
  export function createHash(algorithm: 'sha256'): Hash
}

declare module 'node:zlib' {
  export const constants: { readonly Z_HUFFMAN_ONLY: number }
  export function gzipSync(data: Uint8Array, options: { level: number }): Uint8Array
  export function gunzipSync(data: Uint8Array, options: { maxOutputLength: number }): Uint8Array
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
