import { describe, expect, test } from 'bun:test';
import { compileTemplate } from './execute.ts';

const data = {
  Name: '/web',
  Ports: { '80/tcp': [{ HostPort: '8080' }], '443/tcp': null },
  List: ['b', 'a'],
  Count: 3,
  On: true,
  Empty: [],
  Label: (name: unknown) => `label ${String(name)}`,
};

const CASES: [template: string, shown: string][] = [
  ['plain', 'plain'],
  ['{{.Name}}', '/web'],
  ['{{ .Count }}{{/* nothing */}}', '3'],
  ['a {{- .Count -}} b', 'a3b'],
  ['{{json .List}}', '["b","a"]'],
  ['{{.List}} {{.Empty}}', '[b a] []'],
  ['{{join .List ","}}', 'b,a'],
  ['{{.Label "x.y"}}', 'label x.y'],
  ['{{range .List}}<{{.}}>{{end}}', '<b><a>'],
  ['{{range $i, $x := .List}}{{$i}}{{$x}}{{end}}', '0b1a'],
  ['{{range $k, $v := .Ports}}{{$k}} {{end}}', '443/tcp 80/tcp '],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{if and .On (eq .Count 3)}}yes{{else}}no{{end}}', 'yes'],
  ['{{if .Nope}}yes{{else if .On}}on{{else}}no{{end}}', 'on'],
  ['{{with .Name}}{{.}}{{end}}{{with .Nope}}x{{end}}', '/web'],
  ['{{.Name | printf "%-8s|" | upper}}', '/WEB    |'],
  ['{{len .List}} {{len .Name}}', '2 4'],
  ['{{$n := .Name}}{{$n}}{{$.Count}}', '/web3'],
  ['{{println .Count}}', '3\n'],
  ['{{printf "%q %5.1f %03d %t %v" .Name 2.25 7 .On .List}}', '"/web"   2.3 007 true [b a]'],
  ['{{`raw`}} {{"tab\\t"}}', 'raw tab\t'],
  ['{{ "{{" }}', '{{'],
];

describe('a template', () => {
  test.each(CASES)('%s', (template, shown) => {
    expect(compileTemplate(template).render(data)).toBe(shown);
  });

  test.each([
    ['{{.Nope}}', 'template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"'],
    ['{{', 'template: :1: unclosed action'],
    ['{{if .On}}', 'template: :1: unexpected EOF'],
    ['{{end}}', 'template: :1: unexpected {{end}}'],
    ['{{nope .}}', 'template: :1: function "nope" not defined'],
    ['{{$x}}', 'template: :1: undefined variable "$x"'],
    ['{{index .List 9}}', 'error calling index'],
  ])('%s is an error', (template, message) => {
    expect(() => compileTemplate(template).render(data)).toThrow(message);
  });

  test.each([
    ['{{printf "%1000000d" 1 | len}}', '1000000'],
    ['{{printf "%999999999d|" 1}}', '%!(NOVERB)%!(EXTRA int=1)'],
    ['{{printf "%.1000001f" 1}}', '%!(NOVERB)%!(EXTRA int=1)'],
    ['{{printf "%*d" 9999999 1}}', '%!(BADWIDTH)1'],
    ['{{printf "%.*f" 9999999 1}}', '%!(BADPREC)1.000000'],
    ['{{printf "%*d|%-*d|" 3 1 3 1}}', '  1|1  |'],
    ['{{printf "%.200f" 1.5 | len}}', '202'],
    ['{{printf "%.f %.0s|" 2.25 "x"}}', '2 |'],
    ['{{printf "%d" "x"}}', '%!d(string=x)'],
  ])('%s is as wide as in Go', (template, shown) => {
    expect(compileTemplate(template).render(data)).toBe(shown);
  });

  test('what would take all memory or time is an error', () => {
    const limits = { text: 1000, steps: 1000 };
    const render = (template: string) => compileTemplate(template, { limits }).render(data);
    const assign = '{{$x = print $x $x}}'.repeat(40);
    expect(render('{{printf "%900d" 1}}')).toHaveLength(900);
    for (const long of [
      '{{printf "%900d" 1}}'.repeat(2),
      '{{$x := printf "%1001d" 1}}',
      `{{$x := "x"}}${assign}`,
    ]) {
      expect(() => render(long)).toThrow('the result is too long');
    }
    expect(() => render('{{range 1000000000}}{{end}}')).toThrow('too many steps');
    expect(() => render('{{range 30}}{{range 40}}{{end}}{{end}}')).toThrow('too many steps');
    expect(() => compileTemplate('{{pad "x" 1000000000 0}}').render(data)).toThrow('too many spaces');
    const wide = `{{printf "${'%1000000d'.repeat(20)}" ${'1 '.repeat(20)}}}`;
    expect(() => compileTemplate(wide).render(data)).toThrow('the result is too long');
    // A pattern that tries every way to pair them never ends.
    expect(() => compileTemplate(`{{${'"'.repeat(10_001)}`)).toThrow('unclosed action');
  });
});
