import { lexTemplate, type Piece, TemplateError, type Token } from './lex.ts';

/** What yields one value. */
export type Operand =
  | { type: 'field'; path: string[]; at: number }
  | { type: 'variable'; name: string; path: string[] }
  | { type: 'value'; value: unknown }
  | { type: 'call'; name: string }
  | { type: 'group'; pipeline: Pipeline; path: string[] };

/** `a b c`: the first is called with the others. */
export type Stage = Operand[];

export interface Pipeline {
  /** Variables on the left of `:=`. */
  names: string[];
  declares: boolean;
  stages: Stage[];
  source: string;
}

export type Node =
  | { type: 'text'; text: string }
  | { type: 'print'; pipeline: Pipeline }
  | { type: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[] };

/** Reads a Go template: the subset without `define`, `template`, `block`, `break` and `continue`. */
export function parseTemplate(source: string): Node[] {
  const pieces = lexTemplate(source);
  const { nodes, end } = parseBlock(pieces, 0);
  if (end < pieces.length) throw new TemplateError('template: :1: unexpected {{end}}');
  return nodes;
}

/** Nodes up to an `end` or `else`, whose index is `end`. */
function parseBlock(pieces: Piece[], start: number): { nodes: Node[]; end: number } {
  const nodes: Node[] = [];
  let at = start;
  for (let piece = pieces[at]; piece; piece = pieces[at]) {
    if ('text' in piece) {
      nodes.push({ type: 'text', text: piece.text });
      at++;
      continue;
    }
    const [first, ...rest] = piece.action;
    const word = first?.kind === 'word' ? first.text : '';
    if (word === 'end' || word === 'else') return { nodes, end: at };
    if (word === 'if' || word === 'with' || word === 'range') {
      const branch = parseBranch(pieces, at, word, parsePipeline(rest, piece.source));
      nodes.push(branch.node);
      at = branch.next;
      continue;
    }
    nodes.push({ type: 'print', pipeline: parsePipeline(piece.action, piece.source) });
    at++;
  }
  return { nodes, end: at };
}

function parseBranch(
  pieces: Piece[],
  at: number,
  type: 'if' | 'with' | 'range',
  pipeline: Pipeline,
): { node: Node; next: number } {
  const body = parseBlock(pieces, at + 1);
  const closing = pieces[body.end];
  if (!closing || 'text' in closing) throw new TemplateError('template: :1: unexpected EOF');
  const [word, second, ...rest] = closing.action;
  if (word?.kind !== 'word' || word.text === 'end') {
    return { node: { type, pipeline, body: body.nodes, otherwise: [] }, next: body.end + 1 };
  }
  if (second?.kind === 'word' && (second.text === 'if' || second.text === 'with')) {
    const inner = parseBranch(pieces, body.end, second.text, parsePipeline(rest, closing.source));
    return { node: { type, pipeline, body: body.nodes, otherwise: [inner.node] }, next: inner.next };
  }
  const otherwise = parseBlock(pieces, body.end + 1);
  if (otherwise.end >= pieces.length) throw new TemplateError('template: :1: unexpected EOF');
  return { node: { type, pipeline, body: body.nodes, otherwise: otherwise.nodes }, next: otherwise.end + 1 };
}

function parsePipeline(tokens: Token[], source: string): Pipeline {
  const assign = tokens.findIndex((token) => token.kind === 'declare' || token.kind === 'assign');
  const names = tokens
    .slice(0, Math.max(0, assign))
    .flatMap((token) => (token.kind === 'variable' ? [token.name] : []));
  const queue = tokens.slice(assign + 1);
  const stages = parseStages(queue, source);
  if (queue.length > 0) throw new TemplateError('template: :1: unexpected right paren');
  return { names, declares: tokens[assign]?.kind === 'declare', stages, source };
}

/** Takes tokens off `queue` up to its end or a right parenthesis. */
function parseStages(queue: Token[], source: string): Stage[] {
  const stages: Stage[] = [[]];
  for (let token = queue[0]; token && token.kind !== 'close'; token = queue[0]) {
    queue.shift();
    if (token.kind === 'pipe') stages.push([]);
    else stages.at(-1)?.push(parseOperand(token, queue, source));
  }
  if (stages.some((stage) => stage.length === 0))
    throw new TemplateError('template: :1: missing value for command');
  return stages;
}

const WORDS: Record<string, unknown> = { true: true, false: false, nil: null };

function parseOperand(token: Token, queue: Token[], source: string): Operand {
  switch (token.kind) {
    case 'field':
      return { type: 'field', path: token.path, at: token.at };
    case 'variable':
      return { type: 'variable', name: token.name, path: token.path };
    case 'value':
      return { type: 'value', value: token.value };
    case 'word':
      if (Object.hasOwn(WORDS, token.text)) return { type: 'value', value: WORDS[token.text] };
      return { type: 'call', name: token.text };
    case 'open': {
      const stages = parseStages(queue, source);
      const close = queue.shift();
      if (close?.kind !== 'close') throw new TemplateError('template: :1: unclosed left paren');
      return { type: 'group', pipeline: { names: [], declares: false, stages, source }, path: close.path };
    }
    default:
      throw new TemplateError(`template: :1: unexpected ${JSON.stringify(token.kind)} in operand`);
  }
}
