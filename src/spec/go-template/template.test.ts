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
});
