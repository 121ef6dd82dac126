export type * from './net.ts';
