// What the page and the worker with Python say to each other. There is no other talk between them.

/** What the page asks for, by `kind`. */
export interface Orders {
  /** The first of all. `snapshot` is what "awake" once gave, `keeps` says whether it can be kept. */
  start: { checks: boolean; keeps: boolean; snapshot?: ArrayBuffer };
  /** Put this program on the air. `files` is a zip that it needs beside it, if it is not there yet. */
  run: { source: string; files: ArrayBuffer | null };
  /** Hold it to the promises up to step `goal`, or to a `test` of the learner's own. `names` are the steps' subjects. */
  check: { source: string; test?: string; files: ArrayBuffer; goal: number; names: string[] };
  stop: {};
  /** A friend's line to the program, known by its number. */
  open: { id: number; path: string };
  send: { id: number; data: string };
  sleep: { id: number; asleep: boolean };
  close: { id: number; code: number };
  http: { id: number; method: string; path: string; headers: [string, string][]; body: ArrayBuffer };
}

/** What the worker tells, by `kind`. */
export interface Report {
  /** Python has started. This is what its memory looks like, if that can be kept. */
  awake: { memory?: Uint8Array<ArrayBuffer> };
  /** Bytes that have come, of all that are needed; or what comes after them. */
  progress: { loaded: number; total: number } | { stage: "python" | "fastapi" };
  terminal: { text: string };
  /** The program raised this; `line` is the learner's. */
  error: { text: string; line?: number; means?: string; do?: string };
  /** Python itself has ended. */
  broken: { text: string };
  started: { ok: boolean };
  stopped: {};
  checking: { step: number };
  verdict: Verdict;
  http: { id: number; status: number; headers: [string, string][]; data: BodyInit | null };
  socket: SocketEvent & { id: number };
}

/** What happens on a friend's line: as WebSocket's events. */
export type SocketEvent =
  | { type: "open" }
  | { type: "message"; data: unknown }
  | { type: "close"; code: number; reason: string };

/** What the checker says. Without a `goal` the program could not be looked at. */
export interface Verdict {
  headline: string;
  /** The id of the cause, or "". */
  oops?: string;
  means?: string;
  goal?: number;
  stars?: number;
  wanted?: string;
  instead?: string;
  line?: number;
  code?: string;
  /** Something is missing "above" or "below" the line. */
  missing?: string;
  hints?: string[];
  /** What came of each of the learner's own tests; `words` say why it failed. */
  tests?: { name: string; words: string }[];
  /** The checker itself broke, and not the program. */
  fault?: string;
}

/** Each of these with its kind, as it is sent. */
export type Sent<Kinds> = { [Kind in keyof Kinds]: { kind: Kind } & Kinds[Kind] }[keyof Kinds];
