// Ends the program like SIGTERM does when the process that started it is gone. npm starts scripts through a shell, and
// passes SIGTERM on to that shell only: without this a server would outlive `npm start`, port and home included.
const parent = process.ppid;

const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 250);
watch.unref();
