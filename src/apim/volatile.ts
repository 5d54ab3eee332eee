/**
 * What a server writes while it runs or starts, relative to its home, as `find -path` patterns: two homes that differ
 * in nothing else are the same home. The only list of it.
 */
export const volatile: readonly string[] = [
  'repository/logs/*',
  'tmp/*',
  'wso2carbon.pid',
  'wso2carbon.lck',
  'solr/*',
  'repository/components/*/configuration/*',
]
