/** What went wrong, as a sentence for the person in front of the page. */
export class Problem extends Error {
  constructor(
    sentence: string,
    /** The HTTP status, or 0 where no answer came. */
    readonly status: number,
  ) {
    super(sentence);
  }
}

/** An answer that is not a success: its RFC 9457 `detail`, else its `title`, else the status. */
export function problemOf(status: number, body: string): Problem {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    said = undefined;
  }
  const field = (name: "detail" | "title"): string | undefined => {
    const value = (said as Record<string, unknown> | null | undefined)?.[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const sentence = field("detail") ?? field("title") ?? `The server answered with status ${status}.`;
  return new Problem(sentence, status);
}

export function unreachable(): Problem {
  return new Problem("The server cannot be reached: check the connection and try again.", 0);
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
