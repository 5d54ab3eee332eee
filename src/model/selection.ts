/** Which tasks of a playbook are done; kept in the run's record, so that resume and rollback mean the same. */
export interface Selection {
  /** `--tags`: tasks with one of these; the words `all`, `tagged` and `untagged` mean what Ansible means by them. */
  readonly tags: readonly string[]
  /** `--skip-tags`. */
  readonly skipTags: readonly string[]
  /** `--start-at-task`: nothing that stands before it is done. A task's name, `play/task`, or a pattern with `*`. */
  readonly startAt?: string
}
