/**
 * The process that is ClickHouse: npm's chdb brings the real engine as a library, and its command line can
 * open the real server's HTTP listener (loopback, no password). Started by clickhouse.ts; runs until it is
 * signalled. Arguments: data directory, HTTP port.
 */
import { libchdbPath } from 'chdb/libchdb'
import { DataType, load, open } from 'ffi-rs'

const [dataDir, port] = process.argv.slice(2)
if (dataDir === undefined || port === undefined) {
  throw new Error('usage: clickhouse-server.ts <data directory> <port>')
}

const commandLine = [
  'clickhouse-local',
  `--path=${dataDir}`,
  `--http_port=${port}`,
  '--listen_host=127.0.0.1',
  '--logger.console=1',
  '--log-level=error',
  // The listener lives as long as the query list does; the second query never ends.
  '--query=SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers FORMAT Null ' +
    'SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0',
]

open({ library: 'chdb', path: libchdbPath() })
// On a thread of its own: the call blocks, and this one has to notice the end of the parent. The engine
// writes its reason to standard error before the call returns.
await load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [commandLine.length, commandLine],
  runInNewThread: true,
})
process.exit(1)
