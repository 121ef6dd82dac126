import { randomInt } from 'node:crypto';

const ADJECTIVES = (
  'able amber ample bold brave brisk bright calm clever cosy crisp daring deft eager early easy fair fancy fast fine ' +
  'fluent fond free fresh gentle glad golden grand happy hardy honest humble jolly keen kind light lively lucid lucky ' +
  'mellow merry mild modest neat nimble noble patient plucky polite proud quick quiet ready rosy serene sharp silent ' +
  'simple sleek smart snug sober solid spry steady sunny swift tidy upbeat vivid warm wise witty zesty'
).split(' ');

const NAMES = (
  'abel ampere archimedes avogadro babbage banach bardeen bernoulli bohr boole born brahe cantor cauchy chandrasekhar ' +
  'clausius curie darwin dijkstra dirac easley einstein elion euclid euler faraday fermat fermi feynman fourier franklin ' +
  'galileo galois gauss germain goedel goodall hamilton heisenberg hertz hilbert hopper huygens hypatia joule kepler ' +
  'knuth kovalevskaya lamarr laplace leavitt leibniz lovelace maxwell mcclintock meitner mendel mirzakhani newton ' +
  'noether nobel pascal pasteur pauling planck poincare ramanujan raman riemann ritchie rubin sagan shannon tesla ' +
  'thompson turing volta wiles wilson wright wu yalow'
).split(' ');

/** A name such as `brave_hopper`; `retry` > 0 adds a digit, for when it was taken. */
export function generateName(retry: number): string {
  const name = `${ADJECTIVES[randomInt(ADJECTIVES.length)]}_${NAMES[randomInt(NAMES.length)]}`;
  return retry > 0 ? `${name}${randomInt(10)}` : name;
}
