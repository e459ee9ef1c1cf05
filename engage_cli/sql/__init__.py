"""From the plan to a SQL AST (sqlglot). Nothing here knows a dialect: what differs between engines is a function of our own."""
