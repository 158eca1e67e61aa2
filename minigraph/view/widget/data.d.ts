// The data that Python passes on, one interface for each view. It is plain: strings, numbers,
// lists and dicts. Numbers that are shown come as strings, rounded in Python.
//
// explore.py writes GraphData, calls.py CallsData and dashboard.py DashboardData; __init__.py says
// what a Page is. A test checks real data of each view against this file.

/** What the data of all views have in common. */
export interface Data {
  /** The view that draws it. */
  view: string;
  /** The title above the frame. */
  title: string;
  /** What is shown, in a sentence for those who cannot see it. */
  sentence: string;
  /** The caption above the table. */
  caption: string;
  /** The text shown where there are no steps. */
  note?: string;
  /** The step that is shown first, if it is not 0. */
  start?: number;
  /** The table, its first row the headings; only in a notebook, since a page has it as HTML. */
  rows?: string[][];
}

// ---------- Pictures of arrays (pixels.py)

/** An array as a picture: each number one letter of LEVELS in pictures.js, or "*" for NaN. */
export interface Picture {
  form: Form;
  /** The largest absolute value in it. */
  scale: string;
  /** The letters, map by map and row by row. */
  cells: string;
}

/** What many pictures have in common. */
export interface Form {
  kind: "bars" | "rows" | "grid" | "time" | "maps";
  maps: number;
  rows: number;
  columns: number;
  caption: string;
}

/** The distribution of the elements of a weight: the height of each bin, and four numbers. */
export interface Histogram {
  bars: string;
  least: string;
  most: string;
  mean: string;
  std: string;
}

// ---------- The graph (explore.py)

export interface GraphData extends Data {
  /** The text for step 0. */
  opening: string;
  parameters: number;
  rankdir: "TB" | "LR";
  /** The most frequent value of each field; a box holds only those that differ. */
  usual: Box;
  boxes: Partial<Box>[];
  edges: Edge[];
  /** A drawing for each choice of open models, by the numbers of their boxes: "", "2", "2,5". */
  drawings: Record<string, Drawing>;
  /** The loss; null if no backward pass was recorded. */
  loss: string | null;
  /** The gradient of the loss with respect to each output. */
  ends: Term[];
  /** How many passes were recorded: none, the forward pass, or the backward pass too. */
  passes: number;
  /** The number of samples that were run. */
  samples: number;
}

/** One call of a layer, an operation or a model. */
export interface Box {
  name: string;
  /** Its name in the whole graph: "encoder/dense[1]" is the second call of dense in encoder. */
  path: string;
  /** Its class. */
  type: string;
  kind: "input" | "layer" | "op" | "model" | "broken";
  /** The number of the box of the model around it. */
  parent: number | null;
  activation: string;
  /** Which of how many calls of its layer this is. */
  call: number;
  calls: number;
  /** A number that all calls of one shared layer have in common. */
  shared: number | null;
  inputs: string[];
  outputs: string[];
  dtype: string;
  parameters: number;
  /** null where there is nothing to train. */
  trainable: boolean | null;
  sentence: string;
  formula: string;
  /** What is written in the box. */
  lines: string[];
  /** Those of a shared layer are listed at its first call. */
  weights: Weight[];
  /** Its outputs in the forward pass, if one was recorded. */
  value?: (NumberArray | null)[];
  /** The gradients that arrive at its outputs, if a backward pass was recorded. */
  gradient?: (NumberArray | null)[];
}

/** What is shown of an array. */
export interface NumberArray {
  shape: string;
  norm: string;
  picture?: Picture | null;
}

/** A gradient along an edge or from the loss; without its picture where nothing is added to it. */
export type Term = Partial<NumberArray> & { norm: string } | null;

export interface Weight {
  name: string;
  shape: string;
  /** The norm of its gradient. */
  gradient?: string;
  picture?: Picture | null;
  histogram?: Histogram | null;
  /** Why it has no picture. */
  note?: string;
}

/** Output number `output` of a box on its way to another. */
export interface Edge {
  source: number;
  output: number;
  target: number;
  /** The gradient that it carries back. */
  term?: Term;
}

/** Where everything is drawn while some models are open. */
export interface Drawing {
  width: number;
  height: number;
  /** Number of the box, x, y, width, height, and its layer in the drawing. */
  boxes: [number, ...Rect, number][];
  /** Number of the edge, and its path. */
  edges: [number, string][];
  /** The boxes that make the outputs. */
  ends: number[];
}

/** x, y, width and height. */
export type Rect = [number, number, number, number];

// ---------- The graph that grows beside its code (calls.py)

export interface CallsData extends GraphData {
  /** The lines of the block. */
  code: string[];
  /** The number of the first box that a call in the block draws. */
  first: number;
  /** Whether the last call fails. */
  broken: boolean;
  calls: Call[];
}

export interface Call {
  /** Where it is in the code: line, from, to. */
  spans: [number, number, number][];
  text: string;
}

// ---------- The training dashboard (dashboard.py)

export interface DashboardData extends Data {
  /** The text for step 0. */
  opening: string;
  facts: string;
  /** How many batches there were. */
  total: number;
  /** For each batch shown: its number, its epoch, and its number in the epoch; with spaces. */
  numbers: string;
  epochs: string;
  batches: string;
  /** The number of the last batch of each epoch. */
  marks: string;
  ends: Tick[];
  charts: ChartData[];
  /** The scale of the gradient norms. */
  scale: Scale;
  layers: LayerData[];
}

/** The position on a scale, from 0 to 1, and its label. */
export type Tick = [number, string];

export interface Scale {
  least: number;
  most: number;
  log: boolean;
  ticks: Tick[];
}

/** "running" is the epoch so far, "epoch" and "validation" have a number for each epoch. */
export type CurveKind = "batch" | "running" | "epoch" | "validation";

export interface ChartData {
  name: string;
  /** The chart in words. */
  words: string;
  scale: Scale;
  /** The numbers of each curve, with spaces between them. */
  curves: Partial<Record<CurveKind, string>>;
}

export interface LayerData {
  path: string;
  /** Its curve in words. */
  words: string;
  /** The norm of its gradient in each batch. */
  curves: { batch: string };
  type: string;
  parameters: number;
  /** Name and shape. */
  weights: [string, string][];
}
