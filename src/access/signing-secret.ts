/** Secrets with which servers sign requests: derived, so that none is stored. Web APIs only: workerd and Node. */
import { toBase64 } from '../event/bytes.ts'

/** The secret of a server key, as text: base64url(HMAC-SHA256(ingestSecret, "signing:" + keyId)). */
export async function signingSecretOf(ingestSecret: string, keyId: string): Promise<string> {
  const utf8 = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const secret = utf8.encode(ingestSecret)
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  const bytes = await crypto.subtle.sign('HMAC', key, utf8.encode(`signing:${keyId}`))
  const base64 = toBase64(new Uint8Array(bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
