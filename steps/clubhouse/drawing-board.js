// A board that friends draw on together, for a program that passes on frames such as
//   {"type": "draw", "points": [[0.1, 0.2], [0.3, 0.2]], "color": "blue"}
// A point is [x, y]: 0, 0 is the top left corner, and 1, 1 the bottom right one.

const COLORS = ["black", "blue", "purple", "green", "gold"]; // any other one is drawn in black
const STROKES = 500; // older ones go
const POINTS = 200; // of one stroke
const PACE = 100; // ms between two frames of the same stroke
const STEP = 0.04; // how far an arrow key moves the pen

const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);

export class DrawingBoard {
  #board;
  #strokes = svg("g");
  #pen = svg("circle");
  #at = [0.5, 0.5];
  #isDown = false;
  #send;
  #points = [];
  #timer = 0;

  /** It calls `send` with the points that were drawn here, again and again while somebody draws. */
  constructor(board, send) {
    this.#board = board;
    this.#send = send;
    this.#pen.setAttribute("r", 4);
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

  /** Draw what came over the air, if it can be drawn. */
  draw({ points, color }) {
    if (!Array.isArray(points)) return;
    const places = points
      .slice(0, POINTS)
      .filter((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite));
    const stroke = svg("polyline");
    stroke.setAttribute("points", places.map(([x, y]) => `${Math.round(x * 300)},${Math.round(y * 200)}`).join(" "));
    stroke.setAttribute("class", COLORS.includes(color) ? color : "black");
    this.#strokes.append(stroke);
    if (this.#strokes.childElementCount > STROKES) this.#strokes.firstElementChild.remove();
  }

  #place({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.#board.getScreenCTM().inverse());
    return [x / 300, y / 200].map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000);
  }

  #begin(place) {
    this.#flush();
    this.#points = [place];
  }

  #move(place) {
    this.#points.push(place);
    this.#timer ||= setTimeout(() => this.#flush(), PACE);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#points.length < 2) return;
    this.#send(this.#points);
    this.#points = this.#points.slice(-1);
  }

  #key(event) {
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
    this.#pen.setAttribute("cx", this.#at[0] * 300);
    this.#pen.setAttribute("cy", this.#at[1] * 200);
    this.#pen.setAttribute("class", this.#isDown ? "down" : "");
  }
}
