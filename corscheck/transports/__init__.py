"""What carries an exchange: live HTTP, an application in process, a recording. Each module knows one way."""
