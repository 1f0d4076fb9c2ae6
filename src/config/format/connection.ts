import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

/** A PostgreSQL connection URL. Nothing of it is ever quoted: it may hold a password. */
export const connectionUrl: Format<string> = format({
  title: 'connection URL',
  allowed: 'a URL such as postgres://user@host:5432/database, best as ${NAME} from the environment or as urlFile',
  schema: { type: 'string', minLength: 1 },
  isSecret: true,
  parse: (value) => {
    const found = textOf(typeof value === 'string' ? value : '').trim();
    if (found === '') throw new RangeError('it is empty');
    if (!/^postgres(ql)?:\/\//.test(found)) throw new RangeError('it does not begin with postgres:// or postgresql://');
    // libpq and pg allow credentials without a host (postgres://user@/db?host=/socket), which the URL standard does not.
    if (!URL.canParse(found.replace(/@\//, '@localhost/'))) {
      throw new RangeError(
        'it is not a URL; in user name and password write the characters / ? # [ ] @ : % as %2F %3F %23 %5B %5D %40 %3A %25',
      );
    }
    return found;
  },
});
