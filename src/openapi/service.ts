/** Operations of the service itself. */
import { z } from 'zod'

import { healthSchema } from '../health-schema.ts'
import type { Operation } from './operation.ts'

const NOT_MODIFIED = {
  status: 304,
  description: 'The caller has it already (`If-None-Match`).',
} as const

export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    tag: 'service',
    summary: 'What was checked, and how it went',
    access: 'public',
    answers: [
      { status: 200, description: 'Everything answers.', schema: healthSchema },
      { status: 503, description: 'Something does not answer.', schema: healthSchema },
    ],
  },
  {
    id: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    tag: 'service',
    summary: 'This document, OpenAPI 3.1',
    access: 'public',
    answers: [
      { status: 200, description: 'The document.', schema: z.looseObject({ openapi: z.string() }) },
      NOT_MODIFIED,
    ],
  },
  {
    id: 'getDocs',
    method: 'get',
    path: '/docs',
    tag: 'service',
    summary: 'This document as a page',
    access: 'public',
    answers: [
      { status: 200, description: 'The page.', schema: z.string(), mediaType: 'text/html' },
      NOT_MODIFIED,
    ],
  },
]
