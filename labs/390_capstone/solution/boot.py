"""Starts a machine from an image, and waits for its service: python3 boot.py AMI PORT

It ends with 0 once the service answers, and with 1 if it doesn't within 15 seconds. Either way, the
machine is terminated. This program is right as it is.
"""

import sys
import time
import urllib.request

import boto3

PATIENCE_S = 15

ami, port = sys.argv[1:]
ec2 = boto3.client("ec2", region_name="eu-central-1")
machine = ec2.run_instances(ImageId=ami, InstanceType="t3.micro", MinCount=1, MaxCount=1)
machine = machine["Instances"][0]
answer = ""
until = time.monotonic() + PATIENCE_S
while not answer and time.monotonic() < until:
    try:
        page = f"http://{machine['PrivateIpAddress']}:{port}/"
        answer = urllib.request.urlopen(page, timeout=5).read().decode().strip()
    except OSError:
        time.sleep(0.2)
ec2.terminate_instances(InstanceIds=[machine["InstanceId"]])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[machine["InstanceId"]])
if not answer:
    sys.exit(f"boot: {ami} does not answer at port {port}")
print(f"boot: {ami} answers: {answer}")
