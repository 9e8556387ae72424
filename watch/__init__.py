"""What is wrong with a running service, told in GitHub's issues: by Alertmanager's messages, or by a look each hour."""
