/** A partition that takes no new rows any more. Its range in seconds, since 1970 for time keys; `to` is greater than `from`. */
export interface ClosedPartition {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}
