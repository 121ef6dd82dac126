import { FUNCTIONS, type TemplateFunction } from './functions.ts';
import { goPrint, isTrue } from './go-print.ts';
import { TemplateError } from './lex.ts';
import { type Node, type Operand, type Pipeline, parseTemplate, type Stage } from './parse.ts';

/** A field that is not there: false for `if`, an error once it is printed; without a complaint only `<no value>`. */
class Missing {
  readonly complaint: string | undefined;

  constructor(complaint: string | undefined) {
    this.complaint = complaint;
  }
}

export interface TemplateOptions {
  functions?: Record<string, TemplateFunction>;
  /** The sentence for a field that `of` lacks, after `at <.Field>: `; undefined where `of` is a map of Go's. */
  missing?: (field: string, of: unknown) => string | undefined;
  /** For templates of strangers: TemplateError beyond. None by default. */
  limits?: TemplateLimits;
}

export interface TemplateLimits {
  /** Length of the result, and of each value on the way to it. */
  text: number;
  /** Nodes that are visited, each round of a range anew. */
  steps: number;
}

const UNLIMITED: TemplateLimits = { text: Number.POSITIVE_INFINITY, steps: Number.POSITIVE_INFINITY };

export interface Template {
  /** Fills the template with `data`; methods are functions among its fields. */
  render(data: unknown): string;
}

/** Reads a template once, for many renderings. Throws TemplateError if it cannot be read. */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const nodes = parseTemplate(source);
  const functions = options.functions ?? FUNCTIONS;
  const missing = options.missing ?? ((field) => `map has no entry for key ${JSON.stringify(field)}`);
  const limits = options.limits ?? UNLIMITED;
  checkFunctions(nodes, functions);
  return {
    render: (data) => new Execution(functions, missing, limits, data).run(nodes, data, new Map([['', data]])),
  };
}

type Scope = Map<string, unknown>;

const TOO_LONG = 'template: :1: the result is too long';

class Execution {
  readonly #functions: Record<string, TemplateFunction>;
  readonly #missing: NonNullable<TemplateOptions['missing']>;
  readonly #limits: TemplateLimits;
  readonly #root: unknown;
  #steps = 0;
  #printed = 0;

  constructor(
    functions: Record<string, TemplateFunction>,
    missing: NonNullable<TemplateOptions['missing']>,
    limits: TemplateLimits,
    root: unknown,
  ) {
    this.#functions = functions;
    this.#missing = missing;
    this.#limits = limits;
    this.#root = root;
  }

  run(nodes: Node[], dot: unknown, scope: Scope): string {
    return nodes.map((node) => this.#node(node, dot, scope)).join('');
  }

  #node(node: Node, dot: unknown, scope: Scope): string {
    this.#step(1);
    if (node.type === 'text') return this.#emit(node.text);
    if (node.type === 'print') return this.#emit(this.#print(node.pipeline, dot, scope));
    const inner: Scope = new Map(scope);
    if (node.type === 'range') return this.#range(node, dot, inner);
    const value = absent(this.#pipeline(node.pipeline, dot, inner));
    if (!isTrue(value)) return this.run(node.otherwise, dot, inner);
    return this.run(node.body, node.type === 'with' ? value : dot, inner);
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw new TemplateError('template: :1: too many steps');
  }

  #emit(text: string): string {
    this.#printed += text.length;
    if (this.#printed > this.#limits.text) throw new TemplateError(TOO_LONG);
    return text;
  }

  /** A value that a function made. */
  #made(value: unknown): unknown {
    if (typeof value === 'string' && value.length > this.#limits.text) throw new TemplateError(TOO_LONG);
    return value;
  }

  #print(pipeline: Pipeline, dot: unknown, scope: Scope): string {
    const value = this.#pipeline(pipeline, dot, scope);
    if (pipeline.names.length > 0) return '';
    if (value instanceof Missing && value.complaint === undefined) return '<no value>';
    return goPrint(this.#present(value));
  }

  #range(node: Extract<Node, { type: 'if' | 'with' | 'range' }>, dot: unknown, scope: Scope): string {
    const { names } = node.pipeline;
    const value = absent(this.#pipeline({ ...node.pipeline, names: [] }, dot, scope));
    if (typeof value === 'number') this.#step(value);
    const entries = entriesOf(value);
    this.#step(entries.length);
    if (entries.length === 0) return this.run(node.otherwise, dot, scope);
    return entries
      .map(([key, one]) => {
        const inner: Scope = new Map(scope);
        const [first, second] = names;
        if (first !== undefined) inner.set(first, second === undefined ? one : key);
        if (second !== undefined) inner.set(second, one);
        return this.run(node.body, one, inner);
      })
      .join('');
  }

  #pipeline(pipeline: Pipeline, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    pipeline.stages.forEach((stage, i) => {
      value = this.#stage(stage, dot, scope, i === 0 ? [] : [this.#present(value)]);
    });
    for (const name of pipeline.names) scope.set(name, value);
    return value;
  }

  #stage([head, ...rest]: Stage, dot: unknown, scope: Scope, piped: unknown[]): unknown {
    if (!head) return undefined;
    const values = () => rest.map((operand) => this.#operand(operand, dot, scope, []));
    if (head.type !== 'call') return this.#operand(head, dot, scope, [...values(), ...piped]);
    const lenient = ['and', 'or', 'not', 'eq', 'ne', 'len'].includes(head.name);
    const args = [...values(), ...piped].map((value) => (lenient ? absent(value) : this.#present(value)));
    try {
      return this.#made(this.#functions[head.name]?.(...args));
    } catch (error) {
      throw new TemplateError(`template: :1: executing "" at <${head.name}>: ${(error as Error).message}`);
    }
  }

  #operand(operand: Operand, dot: unknown, scope: Scope, args: unknown[]): unknown {
    switch (operand.type) {
      case 'value':
        return operand.value;
      case 'call':
        return this.#made(this.#functions[operand.name]?.(...args));
      case 'field':
        return this.#walk(dot, operand.path, args, operand.at);
      case 'group':
        return this.#walk(this.#pipeline(operand.pipeline, dot, scope), operand.path, args);
      case 'variable': {
        if (!scope.has(operand.name))
          throw new TemplateError(`template: :1: undefined variable "$${operand.name}"`);
        return this.#walk(operand.name === '' ? this.#root : scope.get(operand.name), operand.path, args);
      }
    }
  }

  #walk(from: unknown, path: string[], args: unknown[], at = 2): unknown {
    let value = from;
    path.forEach((name, i) => {
      if (value instanceof Missing) return;
      const owner = value;
      const shown = path.slice(0, i + 1).join('.');
      const column = at + shown.length - name.length;
      const found = fieldOf(owner, name);
      if (typeof found === 'function') value = (found as TemplateFunction).apply(owner, args);
      else if (found !== undefined) value = found;
      else {
        const why = this.#missing(name, owner);
        value = new Missing(why && `template: :1:${column}: executing "" at <.${shown}>: ${why}`);
      }
    });
    return value;
  }

  #present(value: unknown): unknown {
    if (!(value instanceof Missing)) return value;
    if (value.complaint !== undefined) throw new TemplateError(value.complaint);
    return undefined;
  }
}

/** Compat: Go's structs call it `ID` where their JSON says `Id`. */
function fieldOf(owner: unknown, name: string): unknown {
  if (owner === null || typeof owner !== 'object') return undefined;
  const fields = owner as Record<string, unknown>;
  if (Object.hasOwn(fields, name)) return fields[name];
  return name === 'ID' ? fields['Id'] : undefined;
}

function absent(value: unknown): unknown {
  return value instanceof Missing ? undefined : value;
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((one, i) => [i, one]);
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  if (typeof value === 'number') return Array.from({ length: value }, (_none, i) => [i, i]);
  return [];
}

function checkFunctions(nodes: Node[], functions: Record<string, TemplateFunction>): void {
  const checkStages = (stages: Stage[]) => {
    for (const operand of stages.flat()) {
      if (operand.type === 'group') checkStages(operand.pipeline.stages);
      if (operand.type === 'call' && !Object.hasOwn(functions, operand.name)) {
        throw new TemplateError(`template: :1: function ${JSON.stringify(operand.name)} not defined`);
      }
    }
  };
  for (const node of nodes) {
    if (node.type === 'text') continue;
    checkStages(node.pipeline.stages);
    if (node.type === 'print') continue;
    checkFunctions(node.body, functions);
    checkFunctions(node.otherwise, functions);
  }
}
