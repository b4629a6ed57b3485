// Calls an API so many times, takes the events of one publisher, and says how many of both.
const http = require("http");
const net = require("net");

const times = Number(process.argv[2]);
const bus = new URL(process.env.NATS_URL);
const inbox = `${process.env.NATS_INBOX_PREFIX}.pull`;
const request = JSON.stringify({ batch: 100, expires: 1000000000 });
const pull = `PUB $JS.API.CONSUMER.MSG.NEXT.ticker.${process.env.SPACE} ${inbox} ${request.length}\r\n${request}\r\n`;
let taken = 0;
let owed = 100;
let held = Buffer.alloc(0);

const connection = net.connect(Number(bus.port), bus.hostname);
connection.on("data", (bytes) => {
  held = Buffer.concat([held, bytes]);
  for (;;) {
    const end = held.indexOf("\r\n");
    if (end < 0) return;
    const words = held.subarray(0, end).toString().split(" ");
    let used = end + 2;
    if (words[0] === "INFO") {
      const options = { user: bus.username, pass: bus.password, verbose: false, headers: true, no_responders: true };
      connection.write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${inbox} 1\r\n${pull}`);
    } else if (words[0] === "PING") {
      connection.write("PONG\r\n");
    } else if (words[0] === "MSG" || words[0] === "HMSG") {
      used += Number(words[words.length - 1]) + 2;
      if (held.length < used) return;
      if (words[1].startsWith("_INBOX.")) {
        owed = 0;
      } else {
        connection.write(`PUB ${words[3]} 4\r\n+ACK\r\n`);
        taken += 1;
        owed -= 1;
        if (taken % 2500 === 0) console.log(`taken ${taken}`);
      }
      if (owed <= 0) {
        connection.write(pull);
        owed = 100;
      }
    }
    held = held.subarray(used);
  }
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
let answered = 0;
function call() {
  http.get(`${process.env.COUNTER_URL}/add`, { agent }, (response) => {
    response.resume();
    response.on("end", () => {
      answered += 1;
      if (answered < times) call();
      else console.log(`called ${answered}`);
    });
  });
}
console.log("up");
call();
