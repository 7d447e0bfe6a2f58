/** Why the server refused a call, as it said so itself (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    /** Stable, for programs. */
    readonly code: string,
    readonly status: number,
    /** For people: what happened and what can be done. */
    detail: string,
    /** After how many seconds asking again may help. */
    readonly retryAfterSeconds?: number,
  ) {
    super(detail);
  }

  static async from(response: Response): Promise<ProblemError> {
    const problem = await readProblem(response);
    const seconds = Number.parseInt(
      response.headers.get("Retry-After") ?? "",
      10,
    );
    return new ProblemError(
      problem.code ?? `http_${response.status}`,
      response.status,
      problem.detail ||
        problem.title ||
        `The server answered ${response.status}.`,
      Number.isNaN(seconds) ? undefined : seconds,
    );
  }
}

type ProblemJson = { code?: string; title?: string; detail?: string | null };

async function readProblem(response: Response): Promise<ProblemJson> {
  try {
    const body: unknown = await response.clone().json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {}; // Something between us and the server answered, in its own words.
  }
}
