// What a view receives from the frame, what it returns, and what a page finds in `minigraph`.

import type { Data } from "./data.js";

/** What is selected, and which step is shown; at step 0 nothing has run. */
export interface State {
  selected: string;
  step: number;
}

/** What a view is made from. */
export interface Widget<Shown extends Data = Data> {
  data: Shown;
  state: State;
  /** Show another state, as if the reader had asked for it. */
  change(next: Partial<State>): void;
  /** Draw the same state again. */
  refresh(): void;
}

/** What a view returns. */
export interface View {
  /** The element that is drawn on, and its preferred height. */
  stage: Element;
  height: number;
  /** The numbers of the steps at which to stop, from 0. */
  stops(): number[];
  /** The text for a step. */
  words(step: number): Words;
  /** Draw a state. */
  show(state: State): void;
  /** The content of the inspector. */
  inspect(state: State): Content;

  // And, where they make sense:

  /** Text beside the title, and at the bottom. */
  facts?: string;
  help?: string;
  /** Elements for the tool bar. */
  tools?: Content;
  /** Milliseconds between two steps that play by themselves. */
  pause?: number;
  /** What to select at a step. */
  at?(step: number): string | undefined;
  /** Scroll what is selected into view. */
  reveal?(id: string): void;
  /** The ids that match a text. */
  search?: ((text: string) => string[]) | null;
  /** Switch to data that has grown. */
  renew?(): void;
  /** Release what would outlive the widget. */
  remove?(): void;
}

/** A step in words. */
export interface Words {
  title: string;
  text: string;
  /** Gives the step its colour. */
  phase: "start" | "forward" | "backward" | "loss" | "broken";
}

/** The handle with which other code controls a widget. */
export interface Handle {
  select(id: string): void;
  go(step: number): void;
  renew(data: Data): void;
  remove(): void;
}

export interface Options extends Partial<State> {
  /** Called when the reader has changed the state. */
  onChange?(state: State): void;
}

/**
 * What an element is filled with: children, texts, attributes (null removes one), and lists of
 * these. What is false, null or empty is left out.
 */
export type Content =
  Node | string | number | false | null | undefined | Attributes | Content[];

export type Attributes = { [name: string]: string | number | boolean | null | undefined };

/** The kind of element that make("p.note") makes, and draw("rect.card"). */
export type Made<Kind extends string> = TagOf<Kind> extends keyof HTMLElementTagNameMap
  ? HTMLElementTagNameMap[TagOf<Kind>] : HTMLElement;
export type Drawn<Kind extends string> = TagOf<Kind> extends keyof SVGElementTagNameMap
  ? SVGElementTagNameMap[TagOf<Kind>] : SVGElement;
type TagOf<Kind extends string> = Kind extends `${infer Tag}.${string}` ? Tag : Kind;

declare global {
  /** What the parts and the page share. The joined script makes it, and puts the parts into it. */
  const minigraph: Record<string, unknown>;
}
