// The editor, and the zip to take home: what a page needs only once somebody presses Run.
import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";
import { unzipSync, zipSync } from "fflate";

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

export function edit(parent, { text, label, hint, onChange, onRun }) {
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      keymap.of([{ key: "Mod-Enter", run: () => (onRun(), true) }, indentWithTab]),
      minimalSetup,
      lineNumbers(),
      highlightActiveLine(),
      python(),
      indentUnit.of("    "),
      syntaxHighlighting(colors),
      fresh.field,
      wrong.field,
      EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint, tabindex: "0" }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) onChange(view.state.doc.toString());
      }),
    ],
  });
  return {
    get text() {
      return view.state.doc.toString();
    },
    set text(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    markNew(numbers) {
      view.dispatch({ effects: fresh.set.of(numbers) });
      if (numbers.length) view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(numbers[0]).from, { y: "start" }) });
    },
    markWrong(number) {
      view.dispatch({ effects: wrong.set.of(number ? [number] : []) });
      if (!number || number > view.state.doc.lines) return;
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(number).from, { y: "center" }) });
    },
  };
}

/** The project of a step with this program in it. */
export function parcel(zip, source) {
  const files = unzipSync(zip);
  files["my-club/my_club/main.py"] = new TextEncoder().encode(source);
  return new Blob([zipSync(files)], { type: "application/zip" });
}
