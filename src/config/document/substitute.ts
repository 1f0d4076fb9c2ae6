import type { Environment } from '../environment.ts';

/** A text with its variables filled in, and the problems met, each a sentence without a path. */
export interface Substituted {
  readonly text: string;
  readonly problems: readonly string[];
}

/**
 * Fills in `${NAME}`; `$${` stands for a literal `${`. What a variable holds is never read again for variables. An unset variable and
 * anything else behind `${` (shell forms such as `${NAME:-x}`) are problems; the text then keeps what was written. No message holds a value.
 */
export function substitute(text: string, env: Environment): Substituted {
  const problems: string[] = [];
  const filled = text.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (whole: string, inside: string | undefined, end: string | undefined) => {
    if (inside === undefined) return '${';
    if (end === '') {
      problems.push(`the variable that begins with \${ has no closing brace; write \${NAME}, or $\${ for the characters themselves`);
      return whole;
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(inside)) {
      problems.push(
        `${whole} is not a variable: only \${NAME} is known, without defaults or other shell forms; write $\${ for the characters themselves`,
      );
      return whole;
    }
    const value = env[inside];
    if (value === undefined) {
      problems.push(`the environment variable ${inside} is not set; set it, or write $\${${inside}} if the text itself is meant`);
      return whole;
    }
    return value;
  });
  return { text: filled, problems };
}
