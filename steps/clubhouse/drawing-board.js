// A board that friends draw on together, for a program that passes on frames such as
//   {"type": "draw", "points": [[0.1, 0.2], [0.3, 0.2]], "color": "blue"}
// A point is [x, y]: 0, 0 is the top left corner, and 1, 1 the bottom right one.

import { svg } from "./dom.js";

/** @typedef {number[]} Point */

const COLORS = ["black", "blue", "purple", "green", "gold"]; // any other one is drawn in black
const STROKES = 500; // older ones go
const POINTS = 200; // of one stroke
const PACE = 100; // ms between two frames of the same stroke
const STEP = 0.04; // how far an arrow key moves the pen

export class DrawingBoard {
  #board;
  #strokes = svg("g");
  #pen = svg("circle");
  /** @type {Point} */
  #at = [0.5, 0.5];
  #isDown = false;
  #send;
  /** @type {Point[]} */
  #points = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * It calls `send` with the points that were drawn here, again and again while somebody draws.
   *
   * @param {SVGGraphicsElement} board
   * @param {(points: Point[]) => void} send
   */
  constructor(board, send) {
    this.#board = board;
    this.#send = send;
    this.#pen.setAttribute("r", "4");
    board.append(this.#strokes, this.#pen);
    board.addEventListener("pointerdown", (event) => {
      board.setPointerCapture(event.pointerId);
      this.#begin(this.#place(event));
    });
    board.addEventListener(
      "pointermove",
      (event) => board.hasPointerCapture(event.pointerId) && this.#move(this.#place(event)),
    );
    board.addEventListener("keydown", (event) => this.#key(event));
    this.#movePen();
  }

  /**
   * Draw what came over the air, if it can be drawn.
   *
   * @param {Record<string, unknown>} parts of the frame
   */
  draw({ points, color }) {
    if (!Array.isArray(points)) return;
    const places = points
      .slice(0, POINTS)
      .filter((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite));
    const stroke = svg("polyline");
    stroke.setAttribute("points", places.map(([x, y]) => `${Math.round(x * 300)},${Math.round(y * 200)}`).join(" "));
    stroke.setAttribute("class", COLORS.find((known) => known === color) ?? "black");
    this.#strokes.append(stroke);
    if (this.#strokes.childElementCount > STROKES) this.#strokes.firstElementChild?.remove();
  }

  /** @param {PointerEvent} event */
  #place({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.#board.getScreenCTM()?.inverse());
    return [x / 300, y / 200].map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000);
  }

  /** @param {Point} place */
  #begin(place) {
    this.#flush();
    this.#points = [place];
  }

  /** @param {Point} place */
  #move(place) {
    this.#points.push(place);
    this.#timer ||= setTimeout(() => this.#flush(), PACE);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#points.length < 2) return;
    this.#send(this.#points);
    this.#points = this.#points.slice(-1);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    /** @type {Record<string, Point>} */
    const ways = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const way = ways[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (!way) {
      this.#isDown = !this.#isDown;
      this.#begin(this.#at);
    } else {
      this.#at = this.#at.map((value, axis) => Math.round(Math.min(Math.max(value + way[axis], 0), 1) * 1000) / 1000);
      if (this.#isDown) this.#move(this.#at);
    }
    this.#movePen();
  }

  #movePen() {
    this.#pen.setAttribute("cx", String(this.#at[0] * 300));
    this.#pen.setAttribute("cy", String(this.#at[1] * 200));
    this.#pen.setAttribute("class", this.#isDown ? "down" : "");
  }
}
