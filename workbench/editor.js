// The editor. A page fetches it when somebody first touches the program.
import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorSelection, EditorState, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";

const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: "var(--friend-2)" },
  { tag: tags.string, color: "var(--friend-3)" },
  { tag: [tags.number, tags.function(tags.variableName), tags.className, tags.meta], color: "var(--friend-1)" },
  { tag: tags.comment, color: "var(--soft)" },
]);

/** Lines with a class, which move with the text: those that are new, and the one with the trouble. */
function lines(name, label) {
  const set = StateEffect.define();
  const look = Decoration.line({ class: name, attributes: { "data-label": label } });
  const field = StateField.define({
    create: () => Decoration.none,
    update(old, { changes, effects, newDoc }) {
      const given = effects.find((effect) => effect.is(set));
      if (!given) return old.map(changes);
      return RangeSet.of(given.value.filter((n) => n >= 1 && n <= newDoc.lines).map((n) => look.range(newDoc.line(n).from)));
    },
    provide: (field) => EditorView.decorations.from(field),
  });
  return { set, field };
}
const fresh = lines("new", "new: ");
const wrong = lines("wrong", "look here: ");

/** An editor with two programs, of which one is shown: the learner's own, and ours to look at. */
export function edit(parent, { text, hint, onChange, onRun }) {
  const run = () => (onRun(), true);
  const leave = (view) => (view.setTabFocusMode(3000), false); // also where Escape has something else to do
  const shared = (label) => [
    keymap.of([{ key: "Escape", run: leave }, { key: "Mod-Enter", run }, { key: "Mod-s", run }, indentWithTab]),
    minimalSetup,
    lineNumbers(),
    python(),
    indentUnit.of("    "),
    syntaxHighlighting(colors),
    EditorView.lineWrapping,
    fresh.field,
    wrong.field,
    EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint, tabindex: "0" }),
  ];
  let quiet = false; // the change is not the learner's
  const states = {
    mine: EditorState.create({
      doc: text,
      extensions: [
        shared("main.py"),
        highlightActiveLine(),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged && !quiet) onChange(state.doc.toString());
        }),
      ],
    }),
    ours: EditorState.create({ extensions: [shared("our main.py"), EditorState.readOnly.of(true)] }),
  };
  let shown = "mine";
  const view = new EditorView({ parent, state: states.mine });

  const set = (text) => {
    const { doc } = view.state;
    if (text === doc.toString()) return;
    quiet = true;
    view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, userEvent: "input.replace" });
    quiet = false;
  };
  const scrollTo = (number, y) => {
    if (number >= 1 && number <= view.state.doc.lines) view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(number).from, { y }) });
  };

  const enter = () => {
    view.setTabFocusMode(false); // an Escape of a moment ago was for the last visit
    view.focus();
  };

  return {
    /** Show "mine" or "ours", with this text in it. */
    show(which, text, newLines = []) {
      if (which !== shown) {
        states[shown] = view.state;
        shown = which;
        view.setState(states[which]);
      }
      set(text);
      if (which === "mine") return;
      view.dispatch({ effects: fresh.set.of(newLines) });
      scrollTo(newLines[0], "start");
    },
    focus: () => enter(),
    markWrong(number) {
      view.dispatch({ effects: wrong.set.of(number ? [number] : []) });
      scrollTo(number, "center");
    },
    /** Select these lines. */
    select(from, to) {
      const { doc } = view.state;
      const [first, last] = [doc.line(Math.min(from, doc.lines)), doc.line(Math.min(to, doc.lines))];
      view.dispatch({ selection: EditorSelection.range(first.from, last.to), effects: EditorView.scrollIntoView(first.from, { y: "center" }) });
      enter();
    },
    /** Open a line below this one (0: above the first), after so many empty ones, with the cursor at this indent. */
    open(number, gap, indent) {
      const { doc } = view.state;
      const spaces = " ".repeat(indent);
      const insert = number ? "\n".repeat(gap + 1) + spaces : `${spaces}\n`;
      const from = number ? doc.line(Math.min(number, doc.lines)).to : 0;
      const anchor = number ? from + insert.length : indent;
      view.dispatch({ changes: { from, insert }, selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      enter();
    },
  };
}
