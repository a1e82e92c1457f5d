mkdir out
mkfifo out/message.txt
