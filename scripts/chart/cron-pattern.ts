const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const words = ['yearly', 'annually', 'monthly', 'weekly', 'daily', 'midnight', 'hourly'];

const fields: readonly string[] = [
  field('[1-5]?[0-9]|0[0-9]'),
  field('1?[0-9]|0[0-9]|2[0-3]'),
  field('0?[1-9]|[12][0-9]|3[01]'),
  field(`0?[1-9]|1[0-2]|${months.map(anyCase).join('|')}`),
  // Sunday is 0 and never 7 to Kubernetes.
  field(`0?[0-6]|${days.map(anyCase).join('|')}`),
];

/** A schedule of a CronJob: minute, hour, day of the month, month and day of the week, or a word such as @hourly; neither seconds nor a zone. */
export const cronPattern: string = `^(${fields.join(' +')}|@(${words.join('|')}))$`;

/** A list of values, ranges and steps. */
function field(value: string): string {
  const item = `([*?]|(${value})(-(${value}))?)(/0*[1-9][0-9]*)?`;
  return `${item}(,${item})*`;
}

function anyCase(word: string): string {
  return [...word].map((letter) => `[${letter.toUpperCase()}${letter}]`).join('');
}
