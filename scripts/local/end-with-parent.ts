/**
 * Imported by a background process (see background-process.ts): when the parent dies without a goodbye,
 * the IPC channel closes and the process ends as if it had been told to.
 */
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM')
})
