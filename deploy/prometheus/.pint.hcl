# pint --offline lint: what can be said of the rules without a server.
parser {
  schema = "prometheus"
}
