import { isTimezone } from '../../partition/calendar.ts';
import { nearestWord } from '../document/nearest-word.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

/** An IANA time zone. */
export const timezone: Format<string> = format({
  title: 'IANA time zone',
  allowed: 'the name of an IANA time zone such as UTC or Europe/Berlin',
  schema: { type: 'string', minLength: 1 },
  parse: (value) => {
    const found = textOf(value);
    if (isTimezone(found)) return found;
    const near = nearestZone(found);
    throw new RangeError(`it is not a time zone known here${near === null ? '' : `; did you mean ${near}?`}`);
  },
});

/** The zone with the nearest name; a bare city (`berlin`) finds the zone that ends in it. */
function nearestZone(found: string): string | null {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const city = found.toLowerCase().replace(/ /g, '_');
  const byCity = zones.find((zone) => zone.toLowerCase().split('/').at(-1) === city);
  return byCity ?? nearestWord(found, zones);
}
