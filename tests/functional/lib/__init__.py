"""What the functional tests share: other people's name servers as processes, our daemon, questions and zones."""
