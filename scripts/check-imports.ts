/**
 * Checks the import table: `bun scripts/check-imports.ts`. With `--write` it also redraws the diagram in
 * docs/architecture.md, without it a diagram that no longer fits the table is an error.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cruise, type IFlattenedRuleSet, type IForbiddenRuleType } from 'dependency-cruiser';
import { BANS, DOORS, ROOMS } from './import-table.ts';

const ROOT = join(import.meta.dirname, '..');
const DIAGRAM_PAGE = join(ROOT, 'docs/architecture.md');

/** Rule text of the path of `folder`, where the rooms inside it are rooms of their own. */
function inRoom(folder: string): { path: string; pathNot?: string[] } {
  const inner = ROOMS.filter((room) => room.folder.startsWith(`${folder}/`)).map(
    (room) => `^src/${room.folder}/`,
  );
  return inner.length > 0 ? { path: `^src/${folder}/`, pathNot: inner } : { path: `^src/${folder}/` };
}

/** Paths that an import of `name` allows; `x/*` is every folder in x, `x` alone is x without its inner rooms. */
function allowed(name: string): string {
  if (name.endsWith('/*')) return `^src/${name.slice(0, -1)}[^/]+/`;
  const inner = ROOMS.filter((room) => room.folder.startsWith(`${name}/`)).map((room) =>
    room.folder.slice(name.length + 1),
  );
  return inner.length > 0 ? `^src/${name}/(?!(${inner.join('|')})/)` : `^src/${name}/`;
}

function rules(): IForbiddenRuleType[] {
  const between = ROOMS.map((room) => ({
    name: `${room.folder} may import only ${room.imports.join(', ') || 'nothing'}`,
    severity: 'error' as const,
    from: inRoom(room.folder),
    to: { path: '^src/', pathNot: [allowed(room.folder), ...room.imports.map(allowed)] },
  }));
  const doors = ROOMS.map((room) => ({
    name: `rooms are entered by their mod.ts (from ${room.folder})`,
    severity: 'error' as const,
    from: inRoom(room.folder),
    to: {
      path: '^src/',
      pathNot: [
        allowed(room.folder),
        // runtime and its keeper speak one protocol: they are one room with two processes.
        ...(room.folder === 'runtime' ? ['^src/runtime/keeper/'] : []),
        ...DOORS,
      ],
    },
  }));
  const bans = BANS.flatMap((ban) =>
    ban.module
      ? [
          {
            name: `${ban.name}: ${ban.reason}`,
            severity: 'error' as const,
            from: { path: '.', pathNot: ban.except },
            to: { path: ban.module },
          },
        ]
      : [],
  );
  return [...between, ...doors, ...bans];
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

async function importProblems(files: string[]): Promise<string[]> {
  const ruleSet: IFlattenedRuleSet = { forbidden: rules() };
  const { output } = await cruise(
    ['src'],
    {
      baseDir: ROOT,
      ruleSet,
      validate: true,
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      tsConfig: { fileName: join(ROOT, 'tsconfig.json') },
    },
    { extensions: ['.ts', '.js', '.json'] },
  );
  if (typeof output === 'string') return [output];
  const seen = new Set(output.modules.map((module) => module.source));
  const unseen = files.filter((file) => file.startsWith('src/') && !seen.has(file));
  const links = output.modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  console.log(`imports: ${seen.size} modules, ${links} imports checked`);
  return [
    // Why: with a parser that it does not know, dependency-cruiser checks nothing and says all is well.
    ...unseen.map((file) => `${file}: was not looked at`),
    ...(files.length > 5 && links === 0 ? ['no import was seen at all'] : []),
    ...output.summary.violations.map((found) => `${found.from} → ${found.to}: ${found.rule.name}`),
  ];
}

function textProblems(files: string[]): string[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return BANS.filter((ban) => ban.text?.test(text) && !new RegExp(ban.except).test(file)).map(
      (ban) => `${file}: ${ban.name}: ${ban.reason}`,
    );
  });
}

/**
 * Each arrow that no other path implies: the table's transitive reduction, so that the picture can be read. A room that
 * has no folder yet is a rule, and not in the picture.
 */
function diagram(): string {
  const rooms = ROOMS.filter(({ folder }) => existsSync(join(ROOT, 'src', folder)));
  const exists = (folder: string) => rooms.some((room) => room.folder === folder);
  const lines = ['```mermaid', 'flowchart TD'];
  const id = (folder: string): string => folder.replaceAll(/[/*]/g, '_');
  const expand = (name: string): string[] =>
    name.endsWith('/*')
      ? rooms.filter((room) => room.folder.startsWith(name.slice(0, -1))).map((room) => room.folder)
      : [name].filter(exists);
  const direct = new Map(rooms.map((room) => [room.folder, new Set(room.imports.flatMap(expand))]));
  const reaches = (from: string, to: string): boolean =>
    [...(direct.get(from) ?? [])].some((next) => next === to || reaches(next, to));
  for (const room of rooms) lines.push(`  ${id(room.folder)}["${room.folder}<br/>${room.about}"]`);
  for (const [from, targets] of direct) {
    for (const to of targets) {
      const implied = [...targets].some((other) => other !== to && reaches(other, to));
      if (!implied) lines.push(`  ${id(from)} --> ${id(to)}`);
    }
  }
  return [...lines, '```'].join('\n');
}

function diagramProblems(write: boolean): string[] {
  const page = readFileSync(DIAGRAM_PAGE, 'utf8');
  const fresh = page.replace(
    /(<!-- import table: begin -->\n)[\s\S]*?(\n<!-- import table: end -->)/,
    (_all, before: string, after: string) => `${before}${diagram()}${after}`,
  );
  if (fresh === page) return page.includes(diagram()) ? [] : ['docs/architecture.md: its markers are gone'];
  if (!write) return ['docs/architecture.md: its diagram is not that of the table; run this with --write'];
  writeFileSync(DIAGRAM_PAGE, fresh);
  return [];
}

const files = ['src', 'test', 'bench', 'scripts'].flatMap(sourceFiles);
const problems = [
  ...(await importProblems(files)),
  ...textProblems(files.filter((file) => file.startsWith('src/'))),
  ...diagramProblems(process.argv.includes('--write')),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
