// The editor. A page fetches it when somebody first touches the program.
import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorSelection, EditorState, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";

const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: "var(--friend-2)" },
  { tag: tags.string, color: "var(--friend-3)" },
  { tag: [tags.number, tags.function(tags.variableName), tags.className, tags.meta], color: "var(--friend-1)" },
  { tag: tags.comment, color: "var(--soft)" },
]);

/**
 * Lines with a class, which move with the text: those that are new, and the one with the trouble.
 *
 * @param {string} name of the class
 * @param {string} label
 */
function lines(name, label) {
  /** @type {import("@codemirror/state").StateEffectType<number[]>} */
  const set = StateEffect.define();
  const look = Decoration.line({ class: name, attributes: { "data-label": label } });
  const field = StateField.define({
    create: () => Decoration.none,
    update(old, { changes, effects, newDoc }) {
      const given = effects.flatMap((effect) => (effect.is(set) ? [effect.value] : [])).at(0);
      if (!given) return old.map(changes).update({ filter: (from) => newDoc.lineAt(from).length > 0 }); // not an emptied line
      return RangeSet.of(given.filter((n) => n >= 1 && n <= newDoc.lines).map((n) => look.range(newDoc.line(n).from)));
    },
    provide: (field) => EditorView.decorations.from(field),
  });
  return { set, field };
}
const fresh = lines("new", "new: ");
const wrong = lines("wrong", "look here: ");

/** A line that is too long goes on below itself, further in; the style sheet says how far. */
const hanging = ViewPlugin.define(
  (view) => {
    /** @param {EditorView} view */
    const look = ({ state, visibleRanges }) => {
      const found = [];
      for (const { from, to } of visibleRanges) {
        for (let line = state.doc.lineAt(from); ; line = state.doc.line(line.number + 1)) {
          const indent = marginOf(line.text).replaceAll("\t", "    ").length;
          found.push(Decoration.line({ attributes: { style: `--indent: ${indent}ch` } }).range(line.from));
          if (line.to >= to || line.number === state.doc.lines) break;
        }
      }
      return RangeSet.of(found, true);
    };
    return {
      lines: look(view),
      /** @param {import("@codemirror/view").ViewUpdate} update */
      update({ docChanged, viewportChanged, view }) {
        if (docChanged || viewportChanged) this.lines = look(view);
      },
    };
  },
  { decorations: ({ lines }) => lines },
);

/** @param {string} line */
const marginOf = (line) => line.slice(0, line.search(/\S|$/));

/**
 * Enter on an empty line leaves the function, or the class: below the gap begins something else.
 *
 * @type {import("@codemirror/state").StateCommand}
 */
function stepOut({ state, dispatch }) {
  const { head, empty } = state.selection.main;
  const { from, to, text, number } = state.doc.lineAt(head);
  const above = number > 1 ? state.doc.line(number - 1).text : "";
  if (!empty || !text || text.trim() || /[:([{,]\s*$/.test(above)) return false;
  let around = "";
  for (let at = number - 1; at > 0 && !around; at--) {
    const [, margin] = /^(\s*)(?:async +def|def|class) /.exec(state.doc.line(at).text) ?? [];
    if (margin === "") break;
    if (margin !== undefined && margin.length < text.length) around = margin;
  }
  const insert = `\n${around}`;
  dispatch(
    state.update({
      changes: { from, to, insert },
      selection: { anchor: from + insert.length },
      scrollIntoView: true,
      userEvent: "input",
    }),
  );
  return true;
}

/** The theme makes the head of the document anew for each page. The look of the editor, which is there, must stay. */
function keepStyle() {
  const style = [...document.head.querySelectorAll("style")].find(({ textContent }) => textContent.includes(".cm-"));
  new MutationObserver(() => style?.isConnected || document.head.prepend(style ?? "")).observe(document.head, {
    childList: true,
  });
}

/** @typedef {"mine" | "ours" | "test"} Which of three texts */
/** @typedef {ReturnType<typeof edit>} Editor */

/**
 * An editor with three texts, of which one is shown: the learner's program, ours to look at, and a test of their own.
 *
 * @param {Element} parent
 * @param {{ text: string, test: string, hint: string, onChange: (text: string, which: Which) => void, onRun: () => void }} how
 */
export function edit(parent, { text, test, hint, onChange, onRun }) {
  const run = () => {
    onRun();
    return true;
  };
  /** @param {EditorView} view */
  const leave = (view) => {
    view.setTabFocusMode(3000);
    return false; // also where Escape has something else to do
  };
  /** @param {string} label */
  const shared = (label) => [
    keymap.of([
      { key: "Escape", run: leave },
      { key: "Mod-Enter", run },
      { key: "Mod-s", run },
      { key: "Enter", run: stepOut },
      indentWithTab,
    ]),
    minimalSetup,
    lineNumbers(),
    python(),
    indentUnit.of("    "),
    indentOnInput(),
    syntaxHighlighting(colors),
    EditorView.lineWrapping,
    hanging,
    fresh.field,
    wrong.field,
    EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint, tabindex: "0" }),
  ];
  let quiet = false; // the change is not the learner's
  /** @type {(label: string, doc: string) => EditorState} */
  const typed = (label, doc) =>
    EditorState.create({
      doc,
      extensions: [
        shared(label),
        highlightActiveLine(),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged && !quiet) onChange(state.doc.toString(), shown);
        }),
      ],
    });
  const states = {
    mine: typed("main.py", text),
    test: typed("test_mine.py", test),
    ours: EditorState.create({ extensions: [shared("our main.py"), EditorState.readOnly.of(true)] }),
  };
  /** @type {Which} */
  let shown = "mine";
  /** @type {{ doc: import("@codemirror/state").Text, back: import("@codemirror/state").ChangeSet } | null} */
  let opened = null; // what the last `open` came to, and how to take it back
  const view = new EditorView({ parent, state: states.mine });
  keepStyle();

  /** @param {string} text */
  const set = (text) => {
    const { doc } = view.state;
    if (text === doc.toString()) return;
    quiet = true;
    view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, userEvent: "input.replace" });
    quiet = false;
  };
  /**
   * @param {number} number of the line
   * @param {"start" | "center"} y
   */
  const scrollTo = (number, y) => {
    if (number >= 1 && number <= view.state.doc.lines)
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(number).from, { y }) });
  };

  const enter = () => {
    view.setTabFocusMode(false); // an Escape of a moment ago was for the last visit
    view.focus();
  };

  return {
    /**
     * Show one of them, with this text in it.
     *
     * @param {Which} which
     * @param {string} text
     * @param {number[]} newLines of ours
     */
    show(which, text, newLines = []) {
      if (which !== shown) {
        states[shown] = view.state;
        shown = which;
        view.setState(states[which]);
      }
      set(text);
      if (which !== "ours") return;
      view.dispatch({ effects: fresh.set.of(newLines) });
      scrollTo(newLines[0], "start");
    },
    /**
     * Put the cursor where the program was touched, and show what was in sight then.
     *
     * @param {{ x: number, y: number } | undefined} point
     * @param {number} top
     */
    focus(point, top) {
      view.scrollDOM.scrollTop = top;
      if (point) view.dispatch({ selection: { anchor: view.posAtCoords(point, false) } });
      enter();
    },
    /** @param {number} number of the line, or 0 */
    markWrong(number) {
      view.dispatch({ effects: wrong.set.of(number ? [number] : []) });
      scrollTo(number, "center");
    },
    /**
     * Select these lines.
     *
     * @param {number} from
     * @param {number} to
     */
    select(from, to) {
      const { doc } = view.state;
      const [first, last] = [doc.line(Math.min(from, doc.lines)), doc.line(Math.min(to, doc.lines))];
      const start = first.from + marginOf(first.text).length; // what is typed now stands as far in
      view.dispatch({
        selection: EditorSelection.range(start, last.to),
        effects: EditorView.scrollIntoView(first.from, { y: "center" }),
      });
      enter();
    },
    /** Take the line back that was opened, if nobody has typed since. */
    close() {
      if (opened && view.state.doc === opened.doc) view.dispatch({ changes: opened.back });
      opened = null;
    },
    /**
     * Open a line below this one (0: above the first), after so many empty ones, with the cursor at this indent.
     *
     * @param {number} number
     * @param {number} gap
     * @param {number} indent
     */
    open(number, gap, indent) {
      const { doc } = view.state;
      const spaces = " ".repeat(indent);
      const insert = number ? "\n".repeat(gap + 1) + spaces : `${spaces}\n`;
      const from = number ? doc.line(Math.min(number, doc.lines)).to : 0;
      const anchor = number ? from + insert.length : indent;
      const change = view.state.changes({ from, insert });
      view.dispatch({
        changes: change,
        selection: { anchor },
        effects: EditorView.scrollIntoView(anchor, { y: "center" }),
      });
      opened = { doc: view.state.doc, back: change.invert(doc) };
      enter();
    },
  };
}
