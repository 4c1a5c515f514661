// What flows.c does, for Restate: handlers that print the microseconds from the stamp in what they
// are sent to the moment that they have it, a line each. CLOCK_MONOTONIC on both sides.
//
//   node service.mjs PORT
import "./promise.mjs";
import { serve, service, workflow } from "@restatedev/restate-sdk";

const printTimeSince = (stamp) =>
  console.log(Number(process.hrtime.bigint() / 1000n) - stamp);

// Receives by awakeables, which are resolved over HTTP; prints the id of each before its time.
const receiver = service({
  name: "receiver",
  handlers: {
    receive: async (ctx, { count }) => {
      for (let i = 0; i < count; i++) {
        const { id, promise } = ctx.awakeable();
        console.log(id);
        printTimeSince(await promise);
      }
    },
  },
});

// Waits for answers as durable promises, which the handler `answer` resolves.
const pauser = workflow({
  name: "pauser",
  handlers: {
    run: async (ctx, { count }) => {
      for (let i = 0; i < count; i++) {
        printTimeSince(await ctx.promise(`pause-${i}`));
      }
    },
    answer: async (ctx, { number, stamp }) => ctx.promise(`pause-${number}`).resolve(stamp),
  },
});

const flow = service({
  name: "flow",
  handlers: { start: async (ctx, { stamp }) => printTimeSince(stamp) },
});

await serve({ services: [receiver, pauser, flow], port: Number(process.argv[2]) });
