import { createHmac } from 'node:crypto'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import { signingSecretOf } from '../../../src/access/signing-secret.ts'

describe('signingSecretOf', () => {
  it('is the base64url of an HMAC-SHA256, by another implementation too', async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.string(), async (secret, keyId) => {
        const byNode = createHmac('sha256', secret).update(`signing:${keyId}`).digest('base64url')
        expect(await signingSecretOf(secret, keyId)).toBe(byNode)
      }),
    )
  })
})
