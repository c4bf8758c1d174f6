"""Notifies people of the end of a build: by a webhook, a command, or both.

notification  the message, as text and as JSON
webhook       sends the text to a URL
command       gives the JSON to a program
notifier      sends a notification to each recipient that pool.yaml names
"""
