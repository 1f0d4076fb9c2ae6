import { type Format, format } from './format.ts';

/** A whole number between `least` and `most`, both included. */
export function wholeNumber(least: number, most: number): Format<number> {
  return format({
    title: 'whole number',
    allowed: `a whole number from ${least} to ${most}`,
    schema: { type: 'integer', minimum: least, maximum: most },
    parse: (value) => {
      // Number('') is 0 and Number('0x10') is 16: only digits count, and all of the text.
      const found = typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
      if (typeof found === 'bigint') throw new RangeError(`it is ${found < 0n ? 'less than the least' : 'more than the most'} allowed`);
      if (typeof found !== 'number' || !Number.isInteger(found)) throw new RangeError('it is not a whole number');
      if (found < least) throw new RangeError(`it is less than ${least}`);
      if (found > most) throw new RangeError(`it is more than ${most}`);
      return found;
    },
  });
}

/** A share of something, 1 being all of it; between `least` and `most`, both included. */
export function share(least: number, most: number): Format<number> {
  return format({
    title: 'share',
    allowed: `a number from ${least} to ${most}, 1 being all`,
    schema: { type: 'number', minimum: least, maximum: most },
    parse: (value) => {
      const found = typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
      if (typeof value === 'string' && /^\s*\d+(\.\d+)?\s*%\s*$/.test(value)) {
        throw new RangeError(`it is a percentage; write ${Number.parseFloat(value) / 100}`);
      }
      if (typeof found === 'bigint') throw new RangeError(`it is ${found < 0n ? 'less than the least' : 'more than the most'} allowed`);
      if (typeof found !== 'number' || Number.isNaN(found)) throw new RangeError('it is not a number');
      if (found < least) throw new RangeError(`it is less than ${least}`);
      if (found > most) throw new RangeError(`it is more than ${most}`);
      return found;
    },
  });
}

/** How many times as much; between `least` and `most`, both included. */
export function factor(least: number, most: number): Format<number> {
  return { ...share(least, most), title: 'number', allowed: `a number from ${least} to ${most}` };
}

/** A TCP port; 0 lets the system choose a free one. */
export const port: Format<number> = {
  ...wholeNumber(0, 65535),
  title: 'port',
  allowed: 'a port from 1 to 65535, or 0 for any free one',
  parse: (value) => {
    if (typeof value === 'string' && value.startsWith('tcp://')) {
      // Kubernetes gives pods NAME_PORT=tcp://... for every Service of the namespace, so one called partitiond-http meets this key.
      throw new RangeError(
        'it is the address that Kubernetes sets for a Service of that name; set enableServiceLinks: false in the pod, or rename the Service',
      );
    }
    return wholeNumber(0, 65535).parse(value);
  },
};

/** true or false, nothing else: `yes` and `on` are texts in YAML 1.2. */
export const flag: Format<boolean> = format({
  title: '`true` or `false`',
  allowed: 'true | false',
  schema: { type: 'boolean' },
  parse: (value) => {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw new RangeError('it is neither true nor false');
  },
});
