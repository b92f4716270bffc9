/** A service named "words", for tests to add to. */
export const WORDS = `
format: 1
name: words
version: "1.0.0"
description: counts
image: { from: debian }
memory: 256
program: { command: run }
`;
