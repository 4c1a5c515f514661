/* All tables of commands, each in its noun's file. Included where something is made of each row. */
COMMANDS(server_commands)
COMMANDS(inbox_commands)
COMMANDS(answer_commands)
COMMANDS(deployment_commands)
COMMANDS(flow_run_commands)
COMMANDS(help_commands)
