mkdir out
echo "Hello, $NAME!" > out/message.txt
chmod 000 out/message.txt out
chmod 000 .
