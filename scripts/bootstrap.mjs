/**
 * Runs a command with this project's dependencies in place: installs them when they are missing or do not
 * match package-lock.json, puts node_modules/.bin (and with it the project's own Node) first in PATH, then
 * passes signals and the exit code through. Needs nothing but Node 20 and npm, so it is plain JavaScript.
 *
 *   node scripts/bootstrap.mjs <command> [arguments]
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const lockFile = join(root, 'package-lock.json')
/** What was installed: the lock file's hash and the platform, because binaries come along. */
const stampFile = join(modules, '.croupier-installed')

/** One Ctrl-C may arrive twice, from the terminal and from npm; a second one from a person takes longer. */
const SAME_SIGNAL_MS = 300
const PARENT_INTERVAL_MS = 500

const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  console.error('usage: node scripts/bootstrap.mjs <command> [arguments]')
  process.exit(2)
}
if (!isInstalled()) install()
run(command, args)

function wantedStamp() {
  const lock = createHash('sha256').update(readFileSync(lockFile)).digest('hex')
  return `${lock} ${process.platform} ${process.arch}\n`
}

function isInstalled() {
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') === wantedStamp()
  if (!isInstalledByHand()) return false
  writeFileSync(stampFile, wantedStamp())
  return true
}

/** True when npm's own record of node_modules has every package that the lock file demands. */
function isInstalledByHand() {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const { packages: wanted } = JSON.parse(readFileSync(lockFile, 'utf8'))
  const { packages: installed } = JSON.parse(readFileSync(record, 'utf8'))
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || installed[path]?.version === version,
  )
}

function install() {
  console.log('Installing dependencies (npm ci); this takes about a minute ...')
  const { status, error } = spawnSync(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) {
    console.error(`npm ci failed${error === undefined ? '' : `: ${error.message}`}`)
    process.exit(status ?? 1)
  }
  writeFileSync(stampFile, wantedStamp())
}

/**
 * The shell that npm puts in between passes no signal on: it just dies. The command is told then, too.
 */
function watchParent(onGone) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    onGone()
  }, PARENT_INTERVAL_MS)
}

/**
 * The command gets a session of its own, so that a Ctrl-C in the terminal reaches it once, through here,
 * and a channel that closes when this process is gone.
 */
function run(name, rest) {
  const child = spawn(name, rest, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` },
  })
  const lastMs = new Map()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const nowMs = Date.now()
      const repeated = nowMs - (lastMs.get(signal) ?? 0) < SAME_SIGNAL_MS
      lastMs.set(signal, nowMs)
      if (!repeated) child.kill(signal)
    })
  }
  watchParent(() => child.kill('SIGTERM'))
  child.on('error', (error) => {
    console.error(`${name}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + constants.signals[signal])
  })
}
