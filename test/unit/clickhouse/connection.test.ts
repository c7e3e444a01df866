import fc from 'fast-check'
import { describe, it } from 'vitest'

import { authorizationOf, connectionFrom } from '../../../src/clickhouse/connection.ts'

const DSN_TABLE: readonly [string, string][] = [
  ['clickhouse://localhost:9000/analytics', 'http://localhost:8123'],
  ['clickhouse://localhost/analytics', 'http://localhost:8123'],
  ['clickhouse://localhost', 'http://localhost:8123'],
  ['clickhouse://ch.example:8123/analytics', 'http://ch.example:8123'],
  ['clickhouse://ch.example:18123/analytics', 'http://ch.example:18123'],
  ['clickhouse://ch.example:9440/analytics', 'https://ch.example:8443'],
  ['clickhouse://ch.example:8443/analytics', 'https://ch.example:8443'],
  ['clickhouse://ch.example:9000/analytics?secure=true', 'https://ch.example:8443'],
  ['clickhouse://ch.example?secure=1', 'https://ch.example:8443'],
  ['clickhouse://ch.example:9440/analytics?secure=false', 'http://ch.example:8123'],
  ['clickhouse://[::1]:9000/analytics', 'http://[::1]:8123'],
  ['clickhouse+http://ch.example:8124/analytics', 'http://ch.example:8124'],
  ['clickhouse+http://ch.example/analytics', 'http://ch.example:8123'],
  ['clickhouse+https://ch.example/analytics', 'https://ch.example:8443'],
  ['http://localhost:8123/analytics', 'http://localhost:8123'],
  ['http://localhost:8123', 'http://localhost:8123'],
  [
    'https://abc.eu-central-1.aws.clickhouse.cloud:8443/analytics',
    'https://abc.eu-central-1.aws.clickhouse.cloud:8443',
  ],
  ['  http://localhost:8123/analytics\n', 'http://localhost:8123'],
]

const BAD_DSNS: readonly string[] = [
  'localhost:9000/analytics',
  'clickhouse://user:hunter2@/analytics',
  'clickhouse://user:hunter2@one:9000,two:9000/analytics',
  'clickhouse://user:hunter2@one,two/analytics',
  'clickhouse://user:hunter2@host:9000/one/two',
  'clickhouse://user:hunter2@host:9000/analytics?dial_timeout=10s',
  'clickhouse://user:hunter2@host:9000/analytics?secure=maybe',
  'clickhouse://user:hunter2@host:9000/analytics?secure=true&secure=false',
  'clickhouse+https://user:hunter2@host/analytics?secure=false',
  'clickhouse+http://user:hunter2@host/analytics?secure=true',
  'http://user:hunter2@host/analytics?secure=true',
  'http://user:hunter2@host/analytics#x',
  'http://user:hunter2%zz@host/analytics',
  'postgres://user:hunter2@host:5432/analytics',
  'clickhouse://user:hunter2@host:99999/analytics',
]

describe('connectionFrom', () => {
  it.for(DSN_TABLE)('turns %s into %s', ([dsn, url], { expect }) => {
    expect(connectionFrom({ CLICKHOUSE_DSN: dsn })).toEqual({
      url,
      user: 'default',
      password: '',
      database: 'analytics',
    })
  })

  it.for(DSN_TABLE)('reads %s in CLICKHOUSE_URL as well', ([address, url], { expect }) => {
    expect(connectionFrom({ CLICKHOUSE_URL: address }).url).toBe(url)
  })

  it('takes user, password and database from the DSN before the separate settings', ({
    expect,
  }) => {
    const settings = {
      CLICKHOUSE_URL: 'http://elsewhere:1',
      CLICKHOUSE_USER: 'u',
      CLICKHOUSE_PASSWORD: 'p',
      CLICKHOUSE_DATABASE: 'd',
    }
    const dsn = 'clickhouse://me:p%40ss%2Fword@host:9000/games'
    expect(connectionFrom({ ...settings, CLICKHOUSE_DSN: dsn })).toEqual({
      url: 'http://host:8123',
      user: 'me',
      password: 'p@ss/word',
      database: 'games',
    })
    expect(connectionFrom({ ...settings, CLICKHOUSE_DSN: 'clickhouse://host' })).toEqual({
      url: 'http://host:8123',
      user: 'u',
      password: 'p',
      database: 'd',
    })
  })

  it('treats empty text as absent', ({ expect }) => {
    const settings = { CLICKHOUSE_DSN: ' ', CLICKHOUSE_USER: '', CLICKHOUSE_DATABASE: '' }
    expect(connectionFrom({ ...settings, CLICKHOUSE_URL: 'http://host:8123/' })).toEqual({
      url: 'http://host:8123',
      user: 'default',
      password: '',
      database: 'analytics',
    })
  })

  it('returns any password and user that a DSN can carry', ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (secret) => {
        const encoded = encodeURIComponent(secret)
        const { user, password } = connectionFrom({
          CLICKHOUSE_DSN: `clickhouse://${encoded}:${encoded}@host`,
        })
        expect([user, password]).toEqual([secret, secret])
      }),
      { seed: 1 },
    )
  })

  it.for(BAD_DSNS)(
    'refuses %s, naming the setting and the form but not the password',
    (dsn, { expect }) => {
      const read = () => connectionFrom({ CLICKHOUSE_DSN: dsn })
      expect(read).toThrow(/^CLICKHOUSE_DSN .*expected clickhouse:\/\/user:password@host/)
      expect(read).not.toThrow('hunter2')
    },
  )

  it('names CLICKHOUSE_URL when that is the wrong one', ({ expect }) => {
    expect(() => connectionFrom({ CLICKHOUSE_URL: 'host' })).toThrow(/^CLICKHOUSE_URL /)
  })

  it('says so when no address is given', ({ expect }) => {
    expect(() => connectionFrom({})).toThrow('CLICKHOUSE_DSN and CLICKHOUSE_URL are both empty')
  })

  it.for(['a b', 'a;drop', '`x`', '-x', 'x'.repeat(64)])(
    'refuses the database name %s',
    (database, { expect }) => {
      const settings = { CLICKHOUSE_URL: 'http://host:8123', CLICKHOUSE_DATABASE: database }
      expect(() => connectionFrom(settings)).toThrow('database name')
    },
  )
})

describe('authorizationOf', () => {
  it('is Basic with the UTF-8 of user and password', ({ expect }) => {
    const connection = { url: 'http://host', user: 'me', password: 'sécret密', database: 'd' }
    const expected = Buffer.from('me:sécret密', 'utf8').toString('base64')
    expect(authorizationOf(connection)).toBe(`Basic ${expected}`)
  })
})
