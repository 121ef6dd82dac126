import { parsePlatform } from '../spec/platform.ts';

/** `linux/arm64/v8` as the JSON document that the API takes. `what` is said before the reason if it is no platform. */
export function platformJson(text: string, what = ''): string {
  try {
    const { os, architecture, variant } = parsePlatform(text);
    return JSON.stringify({ architecture, os, ...(variant ? { variant } : {}) });
  } catch (error) {
    throw new Error(`${what}${(error as Error).message}`);
  }
}
